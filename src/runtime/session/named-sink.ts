/**
 * Sinks in the catalog: found by name, dropped with what was made for them.
 */
import { must } from '../../common/assert.ts';
import { sqlError } from '../../common/errors.ts';
import type { Alter } from '../../parser/ast-definitions.ts';
import type { QualifiedName } from '../../parser/ast-leaves.ts';
import type { StoredObject } from '../catalog-store-types.ts';
import { storedSink } from '../sinks/sink.ts';
import { command } from './result.ts';
import type { StatementResult } from './result.ts';
import type { StatementContext } from './statement-context.ts';
import { nameText } from './statement-context.ts';

/** A sink by the name written, or null. */
export function findSink(context: StatementContext, name: QualifiedName): StoredObject | null {
  const parts = name.parts.map((part) => part.name);
  const schemas = parts.length > 1 ? parts.slice(-2, -1) : context.catalog.searchPath;
  for (const candidate of schemas) {
    const schema = context.catalog.schemaByName(candidate);
    const found = schema === null ? null : context.transaction.catalog.objectByName('sink',
      schema.id, must(parts.at(-1), 'name'));
    if (found !== null) return found;
  }
  return null;
}

/** Drops a sink, with the view made for it. */
export function dropSink(context: StatementContext, sink: StoredObject): void {
  context.transaction.define({ kind: 'dropObject', id: sink.id });
  const { ownView, deadLetters } = storedSink(sink);
  if (deadLetters !== undefined && context.transaction.catalog.relation(deadLetters) !== null) {
    context.transaction.define({ kind: 'dropRelation', id: deadLetters });
  }
  if (ownView !== null && context.transaction.catalog.relation(ownView) !== null) {
    context.transaction.define({ kind: 'dropRelation', id: ownView });
  }
}

/** ALTER SINK s RESUME: a sink that has stopped tries again; what it failed with may be mended. */
export function alterSink(context: StatementContext, statement: Alter): StatementResult {
  const sink = findSink(context, statement.name);
  const text = nameText(statement.name);
  if (sink === null) {
    const message = `sink "${text}" does not exist`;
    if (!statement.ifExists) throw sqlError('42704', message, { span: statement.name.span });
    context.notice('NOTICE', '00000', `${message}, skipping`);
    return command('ALTER SINK');
  }
  const [action, second] = statement.actions;
  if (action?.kind !== 'pause' || !action.resume || action.afterGap || second !== undefined) {
    throw sqlError('0A000', 'this form of ALTER SINK is not supported', {
      span: statement.span, hint: 'Supported: RESUME. For anything else drop the sink and create '
        + 'it anew.',
    });
  }
  const { resumes = 0 } = storedSink(sink);
  context.transaction.define({ kind: 'putObject', object: {
    ...sink, data: { ...sink.data, resumes: resumes + 1 },
  } });
  return command('ALTER SINK');
}
