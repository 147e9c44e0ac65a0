/**
 * SIMILAR TO: SQL's regular expressions, translated to PostgreSQL's.
 *
 * `%` and `_` are wildcards, `| * + ? { } ( ) [ ]` mean what they mean there, everything else is
 * itself, and the whole text has to match. `escape-double-quote` parts a pattern for substring().
 */
import { sqlError } from '../errors.ts';
import { characterLength } from '../types/text-order.ts';
import { compileRegex } from './regex.ts';
import type { CompiledRegex } from './regex.ts';

/** The regular expression a SIMILAR TO pattern stands for. 22025, 2200C, 22019 as PostgreSQL. */
export function similarToRegex(pattern: string, escape: string = '\\'): string {
  if (characterLength(escape) > 1) {
    throw sqlError('22019', 'invalid escape string', {
      hint: 'Escape string must be empty or one character.',
    });
  }
  return new SimilarTranslator(pattern, escape).translate();
}

/** Compiles a SIMILAR TO pattern. */
export function compileSimilar(pattern: string, escape: string = '\\'): CompiledRegex {
  return compileRegex(similarToRegex(pattern, escape));
}

class SimilarTranslator {
  readonly #characters: readonly string[];
  readonly #escape: string;
  #result = '^(?:';
  #inBracket = false;
  #quotes = 0;

  constructor(pattern: string, escape: string) {
    this.#characters = Array.from(pattern);
    this.#escape = escape;
  }

  translate(): string {
    for (let at = 0; at < this.#characters.length; at++) {
      const character = this.#characters[at] ?? '';
      if (character === this.#escape && this.#escape !== '') {
        at++;
        this.#escaped(this.#characters[at]);
      } else if (this.#inBracket) {
        this.#bracketed(character);
      } else {
        this.#plain(character);
      }
    }
    return `${this.#result})$`;
  }

  #escaped(next: string | undefined): void {
    if (next === undefined) return;
    if (next !== '"' || this.#inBracket) {
      this.#result += `\\${next}`;
      return;
    }
    // The text between the two marks is what substring() returns.
    if (this.#quotes === 0) this.#result += '){1,1}?(';
    else if (this.#quotes === 1) this.#result += '){1,1}(?:';
    else {
      throw sqlError('2200C', 'SQL regular expression may not contain more than two '
        + 'escape-double-quote separators');
    }
    this.#quotes++;
  }

  #bracketed(character: string): void {
    if (character === '\\') this.#result += '\\';
    this.#result += character;
    if (character === ']') this.#inBracket = false;
  }

  #plain(character: string): void {
    switch (character) {
      case '[': this.#inBracket = true; this.#result += '['; return;
      case '%': this.#result += '.*'; return;
      case '_': this.#result += '.'; return;
      case '(': this.#result += '(?:'; return;
      case '\\': case '.': case '^': case '$': this.#result += `\\${character}`; return;
      default: this.#result += character;
    }
  }
}
