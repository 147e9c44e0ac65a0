/**
 * Reads SQL/JSON paths. Errors are PostgreSQL's 42601 "syntax error ... of jsonpath input".
 */
import { compileRegex } from '../regex/regex.ts';
import { sqlError } from '../errors.ts';
import type { SqlError } from '../errors.ts';
import { JSON_FALSE, JSON_NULL, JSON_TRUE, jsonNumber, jsonString } from '../types/jsonb.ts';
import { negateNumeric, parseNumeric } from '../types/numeric.ts';
import type {
  JsonPath, PathComparison, PathExpr, PathMethod, PathPredicate, PathRange,
} from './path.ts';

const DEPTH_MAX = 200;
const CACHE = new Map<string, JsonPath>();
const CACHE_MAX = 200;

/** Parses a path; the last ones are remembered. */
export function parseJsonPath(text: string): JsonPath {
  const known = CACHE.get(text);
  if (known !== undefined) return known;
  const path = new PathParser(text).parse();
  if (CACHE.size >= CACHE_MAX) CACHE.clear();
  CACHE.set(text, path);
  return path;
}

interface Token {
  readonly kind: 'word' | 'string' | 'number' | 'variable' | 'symbol' | 'end';
  readonly text: string;
}

const STRING = '"(?:[^"\\\\]|\\\\[\\s\\S])*"';
const WORD = '[A-Za-z_\\u0080-\\uffff][\\w\\u0080-\\uffff]*';
const SYMBOL = '&&|\\|\\||==|!=|<>|<=|>=|\\*\\*|[-$@?()[\\]{}.,*/%+<>!]';
/** Blanks and comments, or one of: string, number, variable, word, symbol. */
const TOKEN = new RegExp(`\\s+|/\\*[\\s\\S]*?\\*/|(${STRING})`
  + `|((?:\\d+\\.?\\d*|\\.\\d+)(?:[eE][+-]?\\d+)?)`
  + `|\\$(${STRING}|[\\w\\u0080-\\uffff]+)|(${WORD})|(${SYMBOL})`, 'y');

const METHODS: ReadonlySet<string> = new Set([
  'type', 'size', 'double', 'ceiling', 'floor', 'abs', 'keyvalue',
]);

function isMethod(name: string): name is PathMethod {
  return METHODS.has(name);
}

const COMPARISONS: ReadonlyMap<string, PathComparison> = new Map([
  ['==', '=='], ['!=', '!='], ['<>', '!='], ['<', '<'], ['<=', '<='], ['>', '>'], ['>=', '>='],
]);

function unescape(quoted: string): string {
  return quoted.slice(1, -1).replace(
    /\\(u\{[0-9a-fA-F]+\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[\s\S])/g, (_whole, code: string) => {
      if (code.length > 1) {
        return String.fromCodePoint(Number.parseInt(code.replace(/[ux{}]/g, ''), 16));
      }
      const controls: Readonly<Record<string, string>> = {
        b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v',
      };
      return controls[code] ?? code;
    });
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const match = TOKEN.exec(text);
    if (match === null) throw sqlError('42601', 'syntax error in jsonpath input');
    const [, string, number, variable, word, symbol] = match;
    if (string !== undefined) tokens.push({ kind: 'string', text: unescape(string) });
    else if (number !== undefined) tokens.push({ kind: 'number', text: number });
    else if (variable !== undefined) {
      const name = variable.startsWith('"') ? unescape(variable) : variable;
      tokens.push({ kind: 'variable', text: name });
    } else if (word !== undefined) tokens.push({ kind: 'word', text: word });
    else if (symbol !== undefined) tokens.push({ kind: 'symbol', text: symbol });
  }
  tokens.push({ kind: 'end', text: '' });
  return tokens;
}

/** What parentheses may hold: either. */
type Part =
  | { readonly kind: 'expression'; readonly expr: PathExpr }
  | { readonly kind: 'predicate'; readonly predicate: PathPredicate };

class PathParser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    if (text.trim() === '') {
      throw sqlError('22P02', `invalid input syntax for type jsonpath: "${text}"`);
    }
    this.#tokens = tokenize(text);
  }

  parse(): JsonPath {
    const strict = this.#acceptWord('strict');
    if (!strict) this.#acceptWord('lax');
    const body = this.#or();
    if (this.#peek().kind !== 'end') throw this.#error();
    return { strict, body };
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? { kind: 'end', text: '' };
  }

  #error(): SqlError {
    const token = this.#peek();
    return sqlError('42601', token.kind === 'end' ? 'syntax error at end of jsonpath input'
      : `syntax error at or near "${token.text}" of jsonpath input`);
  }

  #accept(symbol: string): boolean {
    const token = this.#peek();
    if (token.kind !== 'symbol' || token.text !== symbol) return false;
    this.#at++;
    return true;
  }

  #acceptWord(word: string): boolean {
    const token = this.#peek();
    if (token.kind !== 'word' || token.text.toLowerCase() !== word) return false;
    this.#at++;
    return true;
  }

  #expect(symbol: string): void {
    if (!this.#accept(symbol)) throw this.#error();
  }

  #deeper<T>(read: () => T): T {
    if (++this.#depth > DEPTH_MAX) throw sqlError('54001', 'jsonpath is nested too deeply');
    const result = read();
    this.#depth--;
    return result;
  }

  #or(): Part {
    let left = this.#and();
    while (this.#accept('||')) {
      left = { kind: 'predicate', predicate: {
        kind: 'or', left: this.#predicate(left), right: this.#predicate(this.#and()),
      } };
    }
    return left;
  }

  #and(): Part {
    let left = this.#not();
    while (this.#accept('&&')) {
      left = { kind: 'predicate', predicate: {
        kind: 'and', left: this.#predicate(left), right: this.#predicate(this.#not()),
      } };
    }
    return left;
  }

  #not(): Part {
    if (!this.#accept('!')) return this.#comparison();
    const operand = this.#deeper(() => this.#predicate(this.#not()));
    return { kind: 'predicate', predicate: { kind: 'not', operand } };
  }

  #predicate(part: Part): PathPredicate {
    if (part.kind === 'predicate') return part.predicate;
    throw this.#error();
  }

  #expression(part: Part): PathExpr {
    if (part.kind === 'expression') return part.expr;
    throw this.#error();
  }

  #comparison(): Part {
    const left = this.#sum();
    const token = this.#peek();
    const operator = token.kind === 'symbol' ? COMPARISONS.get(token.text) : undefined;
    if (operator !== undefined) {
      this.#at++;
      return { kind: 'predicate', predicate: {
        kind: 'compare', operator, left: this.#expression(left),
        right: this.#expression(this.#sum()),
      } };
    }
    if (this.#acceptWord('starts')) return this.#startsWith(this.#expression(left));
    if (this.#acceptWord('like_regex')) return this.#likeRegex(this.#expression(left));
    if (left.kind === 'predicate' && this.#acceptWord('is')) {
      if (!this.#acceptWord('unknown')) throw this.#error();
      return { kind: 'predicate', predicate: { kind: 'is-unknown', operand: left.predicate } };
    }
    return left;
  }

  #startsWith(left: PathExpr): Part {
    if (!this.#acceptWord('with')) throw this.#error();
    const token = this.#peek();
    if (token.kind !== 'string' && token.kind !== 'variable') throw this.#error();
    const prefix = this.#expression(this.#primary());
    return { kind: 'predicate', predicate: { kind: 'starts-with', left, prefix } };
  }

  #likeRegex(left: PathExpr): Part {
    const pattern = this.#string();
    const written = this.#acceptWord('flag') ? this.#string() : '';
    const flags = regexFlags(written);
    compileRegex(pattern, flags);
    return { kind: 'predicate', predicate: {
      kind: 'like-regex', left, pattern, flags, writtenFlags: written,
    } };
  }

  #string(): string {
    const token = this.#peek();
    if (token.kind !== 'string') throw this.#error();
    this.#at++;
    return token.text;
  }

  #sum(): Part {
    let left = this.#product();
    for (;;) {
      const operator = this.#accept('+') ? '+' : this.#accept('-') ? '-' : null;
      if (operator === null) return left;
      left = { kind: 'expression', expr: {
        kind: 'binary', operator, left: this.#expression(left),
        right: this.#expression(this.#product()),
      } };
    }
  }

  #product(): Part {
    let left = this.#unary();
    for (;;) {
      const operator = this.#accept('*') ? '*' : this.#accept('/') ? '/'
        : this.#accept('%') ? '%' : null;
      if (operator === null) return left;
      left = { kind: 'expression', expr: {
        kind: 'binary', operator, left: this.#expression(left),
        right: this.#expression(this.#unary()),
      } };
    }
  }

  #unary(): Part {
    const operator = this.#accept('+') ? '+' : this.#accept('-') ? '-' : null;
    if (operator === null) return this.#accessors(this.#primary());
    const operand = this.#deeper(() => this.#expression(this.#unary()));
    if (operand.kind === 'literal' && operand.value.kind === 'json-number') {
      const { value } = operand.value;
      const signed = operator === '-' ? negateNumeric(value) : value;
      return { kind: 'expression', expr: { kind: 'literal', value: jsonNumber(signed) } };
    }
    return { kind: 'expression', expr: { kind: 'unary', operator, operand } };
  }

  #primary(): Part {
    const token = this.#peek();
    this.#at++;
    const expression = (expr: PathExpr): Part => ({ kind: 'expression', expr });
    switch (token.kind) {
      case 'string': return expression({ kind: 'literal', value: jsonString(token.text) });
      case 'number':
        return expression({ kind: 'literal', value: jsonNumber(parseNumeric(token.text)) });
      case 'variable': return expression({ kind: 'variable', name: token.text });
      case 'symbol':
        if (token.text === '$') return expression({ kind: 'root' });
        if (token.text === '@') return expression({ kind: 'current' });
        if (token.text === '(') return this.#parenthesis();
        break;
      case 'word': {
        const found = this.#wordPrimary(token.text);
        if (found !== null) return found;
        break;
      }
      default: break;
    }
    this.#at--;
    throw this.#error();
  }

  #wordPrimary(word: string): Part | null {
    switch (word) {
      case 'true': return { kind: 'expression', expr: { kind: 'literal', value: JSON_TRUE } };
      case 'false': return { kind: 'expression', expr: { kind: 'literal', value: JSON_FALSE } };
      case 'null': return { kind: 'expression', expr: { kind: 'literal', value: JSON_NULL } };
      case 'last': return { kind: 'expression', expr: { kind: 'last' } };
      case 'exists': {
        this.#expect('(');
        const path = this.#deeper(() => this.#expression(this.#or()));
        this.#expect(')');
        return { kind: 'predicate', predicate: { kind: 'exists', path } };
      }
      default: return null;
    }
  }

  #parenthesis(): Part {
    const inner = this.#deeper(() => this.#or());
    this.#expect(')');
    return inner;
  }

  #accessors(start: Part): Part {
    if (start.kind === 'predicate') return start;
    let of = start.expr;
    for (;;) {
      if (this.#accept('.')) of = this.#afterDot(of);
      else if (this.#accept('[')) of = this.#subscripts(of);
      else if (this.#accept('?')) {
        this.#expect('(');
        const predicate = this.#deeper(() => this.#predicate(this.#or()));
        this.#expect(')');
        of = { kind: 'filter', of, predicate };
      } else return { kind: 'expression', expr: of };
    }
  }

  #afterDot(of: PathExpr): PathExpr {
    if (this.#accept('*')) return { kind: 'members', of };
    if (this.#accept('**')) return this.#descend(of);
    const token = this.#peek();
    if (token.kind !== 'word' && token.kind !== 'string') throw this.#error();
    this.#at++;
    if (token.kind === 'word' && this.#accept('(')) {
      if (token.text === 'datetime') {
        throw sqlError('0A000', 'jsonpath item method .datetime() is not supported',
          { hint: 'Cast the text of the item.' });
      }
      if (!isMethod(token.text)) throw this.#error();
      this.#expect(')');
      return { kind: 'method', of, name: token.text };
    }
    return { kind: 'member', of, key: token.text };
  }

  #descend(of: PathExpr): PathExpr {
    if (!this.#accept('{')) return { kind: 'descend', of, from: 0, to: Infinity };
    const from = this.#level();
    const to = this.#acceptWord('to') ? this.#level() : from;
    this.#expect('}');
    return { kind: 'descend', of, from, to };
  }

  #level(): number {
    if (this.#acceptWord('last')) return Infinity;
    const token = this.#peek();
    if (token.kind !== 'number' || !/^\d+$/.test(token.text)) throw this.#error();
    this.#at++;
    return Number(token.text);
  }

  #subscripts(of: PathExpr): PathExpr {
    if (this.#accept('*')) {
      this.#expect(']');
      return { kind: 'elements', of };
    }
    const ranges: PathRange[] = [];
    do {
      const from = this.#deeper(() => this.#expression(this.#sum()));
      const to = this.#acceptWord('to') ? this.#expression(this.#sum()) : null;
      ranges.push({ from, to });
    } while (this.#accept(','));
    this.#expect(']');
    return { kind: 'subscript', of, ranges };
  }
}

/** XQuery's flags as those of compileRegex. */
function regexFlags(written: string): string {
  for (const flag of written) {
    if (flag === 'x') {
      throw sqlError('0A000',
        'XQuery "x" flag (expanded regular expressions) is not implemented', {
          hint: 'Write the pattern without white space and comments, and leave the flag out.',
        });
    }
    if (!'ismq'.includes(flag)) {
      throw sqlError('42601', 'invalid input syntax for type jsonpath',
        { detail: `Unrecognized flag character "${flag}" in LIKE_REGEX predicate.` });
    }
  }
  const ignoreCase = written.includes('i') ? 'i' : '';
  if (written.includes('q')) return `${ignoreCase}q`;
  const lines = written.includes('m');
  const dotAll = written.includes('s');
  const newlines = dotAll ? (lines ? 'w' : '') : lines ? 'n' : 'p';
  return ignoreCase + newlines;
}
