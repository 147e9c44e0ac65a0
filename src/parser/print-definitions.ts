/**
 * Prints definitions: CREATE, ALTER, DROP, COMMENT, GRANT.
 */
import type {
  AlterAction,
  AlterAttribute,
  AlterColumn,
  AlterDomain,
  AlterIdentity,
  ColumnConstraint,
  ColumnDef,
  CreateFunction,
  CreateIndex,
  CreateTable,
  CreateType,
  CreateView,
  Definition,
  Drop,
  FormatClause,
  IndexColumn,
  SequenceOption,
  TableConstraint,
} from './ast-definitions.ts';
import type { Identifier } from './ast-leaves.ts';
import {
  commas,
  printIdentifier,
  printName,
  printNameList,
  printOption,
  printOptionValue,
  printOptions,
  printQualified,
  printString,
  printType,
  printTypeFields,
  printWith,
  unknownNode,
  words,
} from './print-names.ts';
import type { Printers } from './print-names.ts';
import { printOnConflict } from './print-queries.ts';

const ON_COMMIT = { preserve: 'PRESERVE ROWS', delete: 'DELETE ROWS', drop: 'DROP' };

const unlessExists = (given: boolean): string => (given ? 'IF NOT EXISTS' : '');

/** Any definition. */
export function printDefinition(p: Printers, d: Definition): string {
  switch (d.kind) {
    case 'createTable':
      return createTable(p, d);
    case 'createView':
      return createView(p, d);
    case 'createIndex':
      return createIndex(p, d);
    case 'createFunction':
      return createFunction(p, d);
    case 'createType':
      return createType(p, d);
    case 'drop':
      return drop(p, d);
    case 'alter':
      return words(
        'ALTER',
        d.object.toUpperCase(),
        d.ifExists && 'IF EXISTS',
        printQualified(d.name),
        commas(d.actions, (action) => alterAction(p, action)),
      );
    case 'comment': {
      const text = d.text === null ? 'NULL' : printString(d.text);
      return `COMMENT ON ${d.object.toUpperCase()} ${printQualified(d.name)} IS ${text}`;
    }
    case 'privileges': {
      const to = d.action === 'grant' ? 'TO' : 'FROM';
      return `${d.action.toUpperCase()} ${d.text} ${to} ${commas(d.roles, printIdentifier)}`;
    }
    default:
      return smallDefinition(p, d);
  }
}

type SmallDefinition = Exclude<
  Definition,
  {
    kind:
      | 'createTable'
      | 'createView'
      | 'createIndex'
      | 'createFunction'
      | 'createType'
      | 'drop'
      | 'alter'
      | 'comment'
      | 'privileges';
  }
>;

function smallDefinition(p: Printers, d: SmallDefinition): string {
  const exists = unlessExists(d.ifNotExists);
  const name = d.name.kind === 'identifier' ? printIdentifier(d.name) : printQualified(d.name);
  const wordOptions = (): string =>
    d.kind === 'createRole' || d.kind === 'createDatabase'
      ? d.options.map((option) => printOption(p, option)).join(' ')
      : '';
  switch (d.kind) {
    case 'createSchema':
      return words(
        'CREATE SCHEMA',
        exists,
        name,
        d.owner !== null && `AUTHORIZATION ${printIdentifier(d.owner)}`,
        ...d.elements.map((element) => printDefinition(p, element)),
      );
    case 'createDatabase':
      return words('CREATE DATABASE', exists, name, wordOptions());
    case 'createRole':
      return words('CREATE', d.login ? 'USER' : 'ROLE', exists, name, wordOptions());
    case 'createConnection':
      return words('CREATE CONNECTION', exists, name, printWith(p, d.options));
    case 'createSecret':
      return words('CREATE SECRET', exists, name, printWith(p, d.options), `AS ${p.expr(d.value)}`);
    case 'createSubscription': {
      const from = `FROM ${printQualified(d.from)}`;
      return words('CREATE SUBSCRIPTION', exists, name, from, printWith(p, d.options));
    }
    case 'createSequence':
      return words(
        'CREATE',
        d.temporary && 'TEMPORARY',
        'SEQUENCE',
        exists,
        name,
        d.type !== null && `AS ${printType(p, d.type)}`,
        ...d.options.map(sequenceOption),
      );
    case 'createSink':
      return words(
        'CREATE',
        d.orReplace && 'OR REPLACE',
        'SINK',
        exists,
        name,
        d.into !== null && `INTO ${printQualified(d.into)}`,
        d.from !== null && `FROM ${printQualified(d.from)}`,
        d.query !== null && `AS ${p.query(d.query)}`,
        printWith(p, d.options),
        d.format !== null && formatText(p, d.format),
      );
    default:
      return unknownNode(d);
  }
}

function createTable(p: Printers, d: CreateTable): string {
  const elements = [
    ...d.columns.map((column) => columnDef(p, column)),
    ...d.constraints.map((constraint) => columnConstraint(p, constraint)),
    ...d.watermarks.map(({ column, value, ttl }) =>
      words(
        `WATERMARK FOR ${printIdentifier(column)} AS ${p.expr(value)}`,
        ttl && 'WITH TTL',
      ),
    ),
    ...d.likes.map(({ table, including }) =>
      words(`LIKE ${printQualified(table)}`, ...including.map((what) => `INCLUDING ${what}`)),
    ),
  ];
  return words(
    'CREATE',
    d.orReplace && 'OR REPLACE',
    d.temporary && 'TEMPORARY',
    d.object.toUpperCase(),
    unlessExists(d.ifNotExists),
    printQualified(d.name),
    (elements.length > 0 || (d.query === null && d.fromSource === null))
      && `(${elements.join(', ')})`,
    d.fromSource !== null && `FROM ${printQualified(d.fromSource.source)} `
      + `TABLE ${printString(d.fromSource.table)}`,
    d.appendOnly && 'APPEND ONLY',
    d.onConflict !== null && printOnConflict(p, d.onConflict),
    ...d.includes.map(({ what, header, alias }) =>
      words(
        `INCLUDE ${printName(what)}`,
        header !== null && printString(header),
        alias !== null && `AS ${printIdentifier(alias)}`,
      ),
    ),
    printWith(p, d.options),
    d.format !== null && formatText(p, d.format),
    d.validate !== null && `VALIDATE AS ${p.expr(d.validate)}`,
    d.onCommit !== null && `ON COMMIT ${ON_COMMIT[d.onCommit]}`,
    d.query !== null && `AS ${p.query(d.query)}`,
    d.withNoData && 'WITH NO DATA',
  );
}

function columnDef(p: Printers, column: ColumnDef): string {
  return words(
    printIdentifier(column.name),
    column.type !== null && printType(p, column.type),
    column.collation !== null && `COLLATE ${printQualified(column.collation)}`,
    ...column.constraints.map((constraint) => columnConstraint(p, constraint)),
  );
}

function columnConstraint(p: Printers, c: ColumnConstraint | TableConstraint): string {
  const named = (name: Identifier | null): string =>
    name === null ? '' : `CONSTRAINT ${printIdentifier(name)}`;
  const name = named(c.name);
  switch (c.kind) {
    case 'nullConstraint':
      return words(name, c.nullable ? 'NULL' : 'NOT NULL');
    case 'defaultConstraint':
      return words(name, `DEFAULT (${p.expr(c.value)})`);
    case 'keyConstraint': {
      const unique = c.nullsNotDistinct ? 'UNIQUE NULLS NOT DISTINCT' : 'UNIQUE';
      return words(name, c.primary ? 'PRIMARY KEY' : unique, printNameList(c.columns));
    }
    case 'checkConstraint':
      return words(name, `CHECK (${p.expr(c.condition)})`);
    case 'referencesConstraint':
      return words(
        name,
        c.columns.length > 0 && `FOREIGN KEY ${printNameList(c.columns)}`,
        `REFERENCES ${printQualified(c.table)}`,
        printNameList(c.targetColumns),
        c.matchFull && 'MATCH FULL',
        c.onDelete !== null && `ON DELETE ${c.onDelete.toUpperCase()}`,
        c.onUpdate !== null && `ON UPDATE ${c.onUpdate.toUpperCase()}`,
        c.deferrable && 'DEFERRABLE',
        c.deferred && 'INITIALLY DEFERRED',
        c.notValid && 'NOT VALID',
      );
    case 'identityConstraint': {
      const options = c.options.map(sequenceOption).join(' ');
      const how = c.always ? 'ALWAYS' : 'BY DEFAULT';
      return words(name, `GENERATED ${how} AS IDENTITY`, options !== '' && `(${options})`);
    }
    case 'generatedConstraint':
      return words(name, `AS (${p.expr(c.value)})`, c.stored && 'STORED');
    case 'metadataConstraint':
      return words(
        name,
        'METADATA',
        c.from !== null && `FROM ${printString(c.from)}`,
        c.virtual && 'VIRTUAL',
      );
    default:
      return unknownNode(c);
  }
}

function sequenceOption(option: SequenceOption): string {
  const linking = { start: 'WITH', increment: 'BY', restart: 'WITH', owned: 'BY' } as const;
  const { name, value, ownedBy } = option;
  const link = name in linking ? linking[name as keyof typeof linking] : '';
  return words(
    option.no && 'NO',
    name.toUpperCase(),
    (value !== null || ownedBy !== null) && link,
    value,
    ownedBy !== null && printQualified(ownedBy),
  );
}

function formatText(p: Printers, format: FormatClause): string {
  return words(
    format.format !== null && `FORMAT ${printName(format.format)}`,
    `ENCODE ${printName(format.encode)}`,
    format.options.length > 0 && printOptions(p, format.options),
    format.keyEncode !== null && `KEY ENCODE ${printName(format.keyEncode)}`,
  );
}

function createView(p: Printers, d: CreateView): string {
  return words(
    'CREATE',
    d.orReplace && 'OR REPLACE',
    d.temporary && 'TEMPORARY',
    d.materialized && 'MATERIALIZED',
    d.recursive && 'RECURSIVE',
    'VIEW',
    unlessExists(d.ifNotExists),
    printQualified(d.name),
    printNameList(d.columns),
    printWith(p, d.options),
    `AS ${p.query(d.query)}`,
    d.withNoData && 'WITH NO DATA',
    d.checkOption !== null && `WITH ${d.checkOption.toUpperCase()} CHECK OPTION`,
  );
}

function indexColumn(p: Printers, column: IndexColumn): string {
  const { expr, operatorClass, direction, nulls } = column;
  return words(p.expr(expr), operatorClass !== null && printQualified(operatorClass),
    direction === 'desc' && 'DESC', nulls !== null && `NULLS ${nulls.toUpperCase()}`);
}

function createIndex(p: Printers, d: CreateIndex): string {
  return words(
    'CREATE',
    d.unique && 'UNIQUE',
    'INDEX',
    unlessExists(d.ifNotExists),
    d.name !== null && printIdentifier(d.name),
    `ON ${printQualified(d.table)}`,
    d.method !== null && `USING ${printName(d.method)}`,
    `(${commas(d.columns, (column) => indexColumn(p, column))})`,
    d.include.length > 0 && `INCLUDE ${printNameList(d.include)}`,
    d.nullsNotDistinct && 'NULLS NOT DISTINCT',
    printWith(p, d.options),
    d.where !== null && `WHERE ${p.expr(d.where)}`,
  );
}

const hints: ReadonlySet<string> = new Set(['cost', 'rows', 'parallel']);

function createFunction(p: Printers, d: CreateFunction): string {
  const parameters = commas(d.parameters, (parameter) =>
    words(
      parameter.mode !== 'in' && parameter.mode.toUpperCase(),
      parameter.name !== null && printIdentifier(parameter.name),
      printType(p, parameter.type),
      parameter.defaultValue !== null && `DEFAULT ${p.expr(parameter.defaultValue)}`,
    ),
  );
  const isHint = (name: string): boolean => hints.has(name);
  return words(
    'CREATE',
    d.orReplace && 'OR REPLACE',
    d.aggregate && 'AGGREGATE',
    'FUNCTION',
    unlessExists(d.ifNotExists),
    `${printQualified(d.name)}(${parameters})`,
    d.returns !== null && `RETURNS ${printType(p, d.returns)}`,
    d.returnsTable.length > 0 && `RETURNS TABLE (${printTypeFields(p, d.returnsTable)})`,
    d.language !== null && `LANGUAGE ${printName(d.language)}`,
    d.volatility !== null && d.volatility.toUpperCase(),
    d.strict && 'STRICT',
    ...d.options
      .filter((option) => isHint(option.name))
      .map(({ name, value }) => {
        if (value === null) return '';
        const isWord = value.kind === 'stringLiteral';
        const text = isWord ? printName(value.value) : printOptionValue(p, value);
        return `${name.toUpperCase()} ${text}`;
      }),
    printWith(p, d.options.filter((option) => !isHint(option.name))),
    d.body !== null && `AS ${printString(d.body)}`,
    d.returnExpr !== null && `RETURN ${p.expr(d.returnExpr)}`,
  );
}

function createType(p: Printers, d: CreateType): string {
  const name = printQualified(d.name);
  if (d.domainOf !== null) {
    const constraints = d.domainConstraints.map((constraint) => columnConstraint(p, constraint));
    return words(`CREATE DOMAIN ${name} AS ${printType(p, d.domainOf)}`, ...constraints);
  }
  const as =
    d.labels === null
      ? `(${printTypeFields(p, d.fields)})`
      : `ENUM (${commas(d.labels, printString)})`;
  return words('CREATE TYPE', unlessExists(d.ifNotExists), name, 'AS', as);
}

function drop(p: Printers, d: Drop): string {
  const names = d.names.map((name, at) => {
    const types = d.signatures[at] ?? null;
    const signature = types === null ? '' : `(${commas(types, (type) => printType(p, type))})`;
    return `${printQualified(name)}${signature}`;
  });
  return words(
    'DROP',
    d.object.toUpperCase(),
    d.ifExists && 'IF EXISTS',
    names.join(', '),
    d.cascade && 'CASCADE',
  );
}

function alterAction(p: Printers, a: AlterAction): string {
  switch (a.kind) {
    case 'rename':
      return `RENAME TO ${printIdentifier(a.to)}`;
    case 'renameColumn': {
      const what = a.constraint ? 'CONSTRAINT' : 'COLUMN';
      return `RENAME ${what} ${printIdentifier(a.from)} TO ${printIdentifier(a.to)}`;
    }
    case 'setSchema':
      return `SET SCHEMA ${printIdentifier(a.schema)}`;
    case 'owner':
      return `OWNER TO ${printIdentifier(a.role)}`;
    case 'addColumn':
      return words('ADD COLUMN', unlessExists(a.ifNotExists), columnDef(p, a.column));
    case 'dropColumn':
    case 'dropConstraint':
      return words(
        `DROP ${a.kind === 'dropColumn' ? 'COLUMN' : 'CONSTRAINT'}`,
        a.ifExists && 'IF EXISTS',
        printIdentifier(a.name),
        a.cascade && 'CASCADE',
      );
    case 'alterColumn':
      return `ALTER COLUMN ${printIdentifier(a.name)} ${columnChange(p, a)}`;
    case 'addConstraint':
      return `ADD ${columnConstraint(p, a.constraint)}`;
    case 'setOptions':
      return `SET ${printOptions(p, a.options)}`;
    case 'resetOptions':
      return `RESET (${a.names.join(', ')})`;
    case 'swap':
      return `SWAP WITH ${printQualified(a.with)}`;
    case 'setQuery':
      return `AS ${p.query(a.query)}`;
    case 'replayDeadLetters':
      return 'REPLAY DEAD LETTERS';
    case 'pause':
      return words(a.resume ? 'RESUME' : 'PAUSE', a.afterGap && 'AFTER GAP');
    case 'addWatermark': {
      const { column, value, ttl } = a.watermark;
      const text = `ADD WATERMARK FOR ${printIdentifier(column)} AS ${p.expr(value)}`;
      return words(text, ttl && 'WITH TTL');
    }
    case 'alterEnum':
      return a.to === null
        ? words('ADD VALUE', unlessExists(a.ifNotExists), printString(a.label),
          a.place !== null && `${a.place.toUpperCase()} ${printString(a.neighbour ?? '')}`)
        : `RENAME VALUE ${printString(a.label)} TO ${printString(a.to)}`;
    case 'alterAttribute':
      return attributeChange(p, a);
    case 'alterDomain':
      return domainChange(p, a);
    case 'alterSequence':
      return words(
        a.type !== null && `AS ${printType(p, a.type)}`,
        ...a.options.map((option) => sequenceOption(option)),
      );
    case 'alterIdentity':
      return `ALTER COLUMN ${printIdentifier(a.name)} ${identityChange(a)}`;
    case 'otherAction':
      return a.text;
    default:
      return unknownNode(a);
  }
}

function attributeChange(p: Printers, a: AlterAttribute): string {
  const name = printIdentifier(a.name);
  const type = a.type === null ? '' : printType(p, a.type);
  switch (a.change) {
    case 'add':
      return `ADD ATTRIBUTE ${name} ${type}`;
    case 'drop':
      return words('DROP ATTRIBUTE', a.ifExists && 'IF EXISTS', name);
    case 'type':
      return `ALTER ATTRIBUTE ${name} TYPE ${type}`;
    case 'rename':
      return `RENAME ATTRIBUTE ${name} TO ${a.to === null ? '' : printIdentifier(a.to)}`;
    default:
      return unknownNode(a.change);
  }
}

function identityChange(a: AlterIdentity): string {
  const generated = a.always === null ? '' : `GENERATED ${a.always ? 'ALWAYS' : 'BY DEFAULT'}`;
  switch (a.change) {
    case 'add': {
      const options = a.options.map(sequenceOption).join(' ');
      return words('ADD', generated, 'AS IDENTITY', options !== '' && `(${options})`);
    }
    case 'drop':
      return words('DROP IDENTITY', a.ifExists && 'IF EXISTS');
    case 'set':
      return words(
        generated !== '' && `SET ${generated}`,
        ...a.options.map((option) =>
          `${option.name === 'restart' ? '' : 'SET '}${sequenceOption(option)}`),
      );
    default:
      return unknownNode(a.change);
  }
}

function domainChange(p: Printers, a: AlterDomain): string {
  switch (a.change) {
    case 'setDefault':
      return `SET DEFAULT ${a.value === null ? '' : p.expr(a.value)}`;
    case 'dropDefault':
      return 'DROP DEFAULT';
    case 'setNotNull':
      return 'SET NOT NULL';
    case 'dropNotNull':
      return 'DROP NOT NULL';
    case 'validate':
      return `VALIDATE CONSTRAINT ${a.name === null ? '' : printIdentifier(a.name)}`;
    default:
      return unknownNode(a.change);
  }
}

function columnChange(p: Printers, a: AlterColumn): string {
  const value = a.value === null ? '' : p.expr(a.value);
  switch (a.change) {
    case 'setDefault':
      return `SET DEFAULT ${value}`;
    case 'dropDefault':
      return 'DROP DEFAULT';
    case 'dropExpression':
      return 'DROP EXPRESSION';
    case 'setNotNull':
      return 'SET NOT NULL';
    case 'dropNotNull':
      return 'DROP NOT NULL';
    case 'setType':
      return words(
        'TYPE',
        a.type !== null && printType(p, a.type),
        value !== '' && `USING ${value}`,
      );
    case 'setStorage':
      return `SET STORAGE ${a.value?.kind === 'stringLiteral' ? printName(a.value.value) : ''}`;
    case 'setStatistics':
      return `SET STATISTICS ${value}`;
    default:
      return unknownNode(a.change);
  }
}
