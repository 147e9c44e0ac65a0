/**
 * COMMENT ON: the text goes to an object's number, or a column of it.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { CommentOn } from '../../parser/ast-definitions.ts';
import { findIndex } from './ddl-drop.ts';
import { findSequence } from './ddl-sequence.ts';
import { requireType } from './named-type.ts';
import { command } from './result.ts';
import type { StatementResult } from './result.ts';
import { nameText } from './statement-context.ts';
import type { StatementContext } from './statement-context.ts';

/** COMMENT ON relation, column, index, sequence, type, schema or database. */
export function commentOn(context: StatementContext, statement: CommentOn): StatementResult {
  const { object, column } = commented(context, statement);
  context.transaction.define({ kind: 'comment', object, column, text: statement.text });
  return command('COMMENT');
}

function commented(
  context: StatementContext, statement: CommentOn,
): { readonly object: number; readonly column: number } {
  const { name } = statement;
  const last = must(name.parts.at(-1), 'name').name;
  switch (statement.object) {
    case 'table': case 'view': case 'materialized view': case 'source':
      return { object: context.resolve(name).id, column: 0 };
    case 'column': {
      if (name.parts.length < 2) {
        throw sqlError('42601', 'column name must be qualified', { span: name.span });
      }
      const relation = context.resolve({ ...name, parts: name.parts.slice(0, -1) });
      const at = relation.columns.findIndex((column) => column.name === last);
      if (at >= 0) return { object: relation.id, column: at + 1 };
      throw sqlError('42703', `column "${last}" of relation "${relation.name}" does not exist`,
        { span: name.span });
    }
    case 'schema': {
      const schema = context.catalog.schemaByName(last);
      if (schema !== null) return { object: schema.id, column: 0 };
      throw sqlError('3F000', `schema "${last}" does not exist`, { span: name.span });
    }
    case 'sequence': {
      const sequence = findSequence(context, name);
      if (sequence !== null) return { object: sequence.id, column: 0 };
      throw sqlError('42P01', `relation "${nameText(name)}" does not exist`, { span: name.span });
    }
    case 'index': {
      const index = findIndex(context, name);
      if (index !== null) return { object: index.id, column: 0 };
      throw sqlError('42P01', `relation "${nameText(name)}" does not exist`, { span: name.span });
    }
    case 'type': case 'domain':
      return { object: requireType(context, name, statement.object).object.id, column: 0 };
    case 'database': {
      const database = context.transaction.catalog.databaseByName(last);
      if (database !== null) return { object: database.id, column: 0 };
      throw sqlError('3D000', `database "${last}" does not exist`, { span: name.span });
    }
    default:
      throw sqlError('0A000', `COMMENT ON ${statement.object.toUpperCase()} is not supported`, {
        span: statement.span, hint: 'Comment on relations, columns, types, schemas and databases.',
      });
  }
}
