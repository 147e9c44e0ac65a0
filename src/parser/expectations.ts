/**
 * Turns Chevrotain's complaints into the short hint of a syntax error: what could have come next.
 *
 * The message proper is PostgreSQL's (`syntax error at or near "x"`), so only the list of expected
 * tokens is made here, cut to what a reader takes in.
 */
import type { IParserErrorMessageProvider, TokenType } from 'chevrotain';

/** How many expected tokens a hint names. */
const EXPECTED_MAX = 6;

function labelOf(type: TokenType): string {
  return type.LABEL ?? type.name;
}

function list(types: readonly (TokenType | undefined)[]): string {
  const labels = new Set<string>();
  for (const type of types) if (type !== undefined) labels.add(labelOf(type));
  const all = [...labels];
  if (all.length === 0 || all.length > 2 * EXPECTED_MAX) return '';
  const shown = all.slice(0, EXPECTED_MAX).join(', ');
  if (all.length === 1) return `Expected ${shown}.`;
  return `Expected one of: ${shown}${all.length > EXPECTED_MAX ? ', ...' : ''}.`;
}

/** Messages that are hints; an empty one means there is nothing short to say. */
export const expectations: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected }) => list([expected]),
  buildNotAllInputParsedMessage: () => '',
  buildNoViableAltMessage: ({ expectedPathsPerAlt }) =>
    list(expectedPathsPerAlt.flat().map((path) => path[0])),
  buildEarlyExitMessage: ({ expectedIterationPaths }) =>
    list(expectedIterationPaths.map((path) => path[0])),
};
