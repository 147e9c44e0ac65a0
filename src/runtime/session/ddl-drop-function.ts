/**
 * Which function DROP FUNCTION and DROP AGGREGATE mean, with PostgreSQL's errors.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import { formatType } from '../../common/types/registry.ts';
import type { Drop } from '../../parser/ast-definitions.ts';
import type { TypeName } from '../../parser/ast.ts';
import type { QualifiedName } from '../../parser/ast-leaves.ts';
import { withoutMods } from '../../planner/bind-types.ts';
import type { UserFunction } from '../../planner/functions/user-function.ts';
import { signatureText } from '../../planner/functions/user-function.ts';
import { bindTypeName } from '../../planner/planner.ts';
import { functionsIn, sameTypes } from '../catalog-functions.ts';
import type { StatementContext } from './statement-context.ts';
import { nameText } from './statement-context.ts';

/** The one function of a name, among several the one with these argument types. */
export function oneFunction(
  context: StatementContext,
  of: { readonly object: 'function' | 'aggregate'; readonly name: QualifiedName;
    readonly types: readonly TypeName[] | null },
): UserFunction {
  const found = droppedFunction(context, {
    kind: 'drop', object: of.object, ifExists: false, cascade: false, span: of.name.span,
    names: [of.name], signatures: [of.types],
  }, 0);
  return must(found, 'function');
}

/** The function that a DROP names, or null when there is none and IF EXISTS is set. */
export function droppedFunction(
  context: StatementContext, statement: Drop, at: number,
): UserFunction | null {
  const name = must(statement.names[at], 'name');
  const types = statement.signatures[at] ?? null;
  const found = candidates(context, name);
  const wanted = types === null ? null
    : types.map((type) => withoutMods(bindTypeName(type, context.planning)));
  const matching = wanted === null ? found
    : found.filter((each) => sameTypes(each.args, wanted));
  const [only, second] = matching;
  if (only === undefined) {
    const word = statement.object === 'aggregate' ? 'aggregate' : 'function';
    const what = wanted === null ? `${word} ${nameText(name)}()`
      : `${word} ${nameText(name)}(${wanted.map(formatType).join(', ')})`;
    if (!statement.ifExists) {
      throw sqlError('42883', wanted === null
        ? `could not find ${word === 'aggregate' ? 'an' : 'a'} ${word} named "${nameText(name)}"`
        : `${what} does not exist`, { span: name.span });
    }
    context.notice('NOTICE', '00000', `${what} does not exist, skipping`);
    return null;
  }
  if (second !== undefined) {
    throw sqlError('42725', `function name "${nameText(name)}" is not unique`, {
      span: name.span,
      hint: 'Specify the argument list to select the function unambiguously.',
    });
  }
  refuseOtherKind(statement, only);
  return only;
}

function refuseOtherKind(statement: Drop, of: UserFunction): void {
  const isAggregate = of.shape === 'aggregate';
  if (isAggregate === (statement.object === 'aggregate')) return;
  if (isAggregate) {
    throw sqlError('42809', `${signatureText(of)} is an aggregate function`, {
      hint: 'Use DROP AGGREGATE to drop aggregate functions.',
    });
  }
  throw sqlError('42809', `function ${signatureText(of)} is not an aggregate`);
}

function candidates(context: StatementContext, name: QualifiedName): readonly UserFunction[] {
  const own = must(name.parts.at(-1), 'name').name;
  const schema = name.parts.at(-2)?.name;
  const { catalog } = context.transaction;
  const schemas = schema === undefined ? context.catalog.searchPath : [schema];
  return schemas.flatMap((each) => {
    const found = context.catalog.schemaByName(each);
    return found === null ? [] : functionsIn(catalog, found.id, own);
  });
}
