/** Takes the spans out of a syntax tree, for comparisons of what was written and not where. */

/** A copy without `span` and `operatorSpan`, keys in order. */
export function stripSpans(tree: unknown): unknown {
  if (Array.isArray(tree)) return tree.map(stripSpans);
  if (typeof tree !== 'object' || tree === null) return tree;
  const entries = Object.entries(tree)
    .filter(([key]) => key !== 'span' && key !== 'operatorSpan')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]): [string, unknown] => [key, stripSpans(value)]);
  return Object.fromEntries(entries);
}
