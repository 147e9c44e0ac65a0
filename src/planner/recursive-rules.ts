/**
 * Where a recursive name may stand in the recursive term of WITH RECURSIVE, as PostgreSQL has it:
 * once, not in a subquery, not on the nullable side of an outer join, not under EXCEPT.
 */
import { sqlError } from '../common/errors.ts';
import type { Span } from '../common/span.ts';
import type { FromItem, FunctionCall, QueryBody, Select } from '../parser/ast.ts';
import type { QualifiedName } from '../parser/ast-leaves.ts';

type Context = 'plain' | 'a subquery' | 'an outer join' | 'INTERSECT' | 'EXCEPT';

interface Walk {
  readonly name: string;
  readonly isAggregate: (call: string) => boolean;
  count: number;
}

interface AnyNode {
  readonly kind: string;
  readonly span: Span;
}

/** Throws 42P19 for a reference PostgreSQL refuses. */
export function checkRecursiveTerm(
  term: QueryBody, name: string, isAggregate: (call: string) => boolean,
): void {
  visit(term, 'plain', { name, isAggregate, count: 0 });
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && 'kind' in value;
}

function visit(value: unknown, context: Context, walk: Walk): void {
  if (Array.isArray(value)) {
    for (const item of value) visit(item, context, walk);
    return;
  }
  if (!isNode(value)) return;
  switch (value.kind) {
    case 'tableRef': case 'tableQuery': found(value, context, walk); return;
    case 'scalarSubquery': case 'exists': case 'inSubquery': case 'quantifiedSubquery':
    case 'arraySubquery': children(value, 'a subquery', walk); return;
    case 'join': visitJoin(value, context, walk); return;
    case 'setOperation': visitSetOperation(value, context, walk); return;
    case 'select': visitSelect(value as Select, context, walk); return;
    default: children(value, context, walk);
  }
}

function children(node: AnyNode, context: Context, walk: Walk): void {
  for (const [key, child] of Object.entries(node)) {
    if (key !== 'span') visit(child, context, walk);
  }
}

function found(node: AnyNode, context: Context, walk: Walk): void {
  const { name } = node as AnyNode & { readonly name: QualifiedName };
  const { parts } = name;
  if (parts.length !== 1 || parts[0]?.name !== walk.name) return;
  const { span } = node;
  if (context !== 'plain') {
    throw sqlError('42P19',
      `recursive reference to query "${walk.name}" must not appear within ${context}`, { span });
  }
  walk.count++;
  if (walk.count > 1) {
    throw sqlError('42P19',
      `recursive reference to query "${walk.name}" must not appear more than once`, { span });
  }
}

/** A SELECT that reads the name itself may not aggregate. */
function visitSelect(node: Select, context: Context, walk: Walk): void {
  if (readsDirectly(node.from, walk.name)) {
    const call = aggregateIn([node.items, node.having], walk);
    if (call !== null) {
      throw sqlError('42P19',
        "aggregate functions are not allowed in a recursive query's recursive term",
        { span: call.span });
    }
  }
  children(node, context, walk);
}

function readsDirectly(items: readonly FromItem[], name: string): boolean {
  return items.some((item) => (item.kind === 'join' ? readsDirectly([item.left, item.right], name)
    : item.kind === 'tableRef' && item.name.parts.length === 1
      && item.name.parts[0]?.name === name));
}

/** A call of an aggregate that is no window function, outside subqueries. */
function aggregateIn(value: unknown, walk: Walk): AnyNode | null {
  const parts = Array.isArray(value) ? value : isNode(value) ? Object.values(value) : [];
  if (isNode(value)) {
    if (value.kind === 'query') return null;
    if (value.kind === 'functionCall') {
      const { name, over } = value as FunctionCall;
      if (over === null && walk.isAggregate(name.parts.at(-1)?.name ?? '')) return value;
    }
  }
  for (const part of parts as readonly unknown[]) {
    const call = aggregateIn(part, walk);
    if (call !== null) return call;
  }
  return null;
}

function visitJoin(node: AnyNode, context: Context, walk: Walk): void {
  const { type, left, right, on } = node as AnyNode & {
    readonly type: string; readonly left: unknown; readonly right: unknown; readonly on: unknown };
  const nullable = (sides: readonly string[]): Context =>
    (sides.includes(type) ? 'an outer join' : context);
  visit(left, nullable(['right', 'full']), walk);
  visit(right, nullable(['left', 'full']), walk);
  visit(on, context, walk);
}

function visitSetOperation(node: AnyNode, context: Context, walk: Walk): void {
  const { operator, all, left, right } = node as AnyNode & {
    readonly operator: string; readonly all: boolean; readonly left: unknown;
    readonly right: unknown };
  const inner = operator === 'intersect' && all ? 'INTERSECT'
    : operator === 'except' && all ? 'EXCEPT' : context;
  visit(left, inner, walk);
  visit(right, operator === 'except' ? 'EXCEPT' : inner, walk);
}
