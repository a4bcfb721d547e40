import { tokenize, TokenType, type CSSToken } from '@csstools/css-tokenizer';

import { patchProblem, type PatchProblem } from './patch-problem.ts';
import { readImport, type StyleImport } from './style-import.ts';
import { isLocalReference, pathOfReference, rewriteReference, type StylePaths } from './style-reference.ts';

export interface StyleSurroundings extends StylePaths {
  /** The text of another style sheet of the project; undefined where there is none. */
  readonly read: (resource: string) => string | undefined;
}

/** What sheets that become one text share. */
export interface Inlining {
  /** Resources of the sheets that were imported. */
  readonly imported: Set<string>;
  /** Imports from elsewhere: they have to stand before all rules. */
  readonly leading: string[];
  /** Resources of the sheets around this one, outermost first, and its own. */
  readonly within: readonly string[];
  /** Whether this sheet stands under a condition or in a layer. */
  readonly conditional: boolean;
}

/** Ends the reading of a style sheet at its first fault. */
export class StyleFault extends Error {
  readonly problem: PatchProblem;

  constructor(resource: string, text: string, message: string, offset: number) {
    super(message);
    this.problem = patchProblem({ resource, text, message, offset });
  }
}

interface Opener {
  readonly closer: TokenType;
  readonly offset: number;
  /** Of a function: its name in lower case. */
  readonly name: string;
}

/** One style sheet on its way into the text of another, or of its own. */
export class StyleSheet {
  readonly #surroundings: StyleSurroundings;
  readonly #resource: string;
  readonly #text: string;
  readonly #inlining: Inlining;
  readonly #open: Opener[] = [];

  constructor(surroundings: StyleSurroundings, resource: string, text: string, inlining: Inlining) {
    this.#surroundings = surroundings;
    this.#resource = resource;
    this.#text = text;
    this.#inlining = inlining;
  }

  /** Throws a {@link StyleFault} also for what browsers would repair: in a file just saved it is a mistake. */
  print(): string {
    const tokens = tokenize(
      { css: this.#text },
      { onParseError: ({ message, sourceStart }) => this.#fail(message, sourceStart) },
    );
    const rest = this.#head(tokens);
    const body = tokens.slice(rest.from).map((token) => this.#token(token));
    const unclosed = this.#open.at(-1);
    if (unclosed !== undefined) this.#fail('What opens here is not closed.', unclosed.offset);
    return rest.printed + body.join('');
  }

  /** Imports count before the first rule alone; an order of layers (`@layer a, b;`) may stand between them. */
  #head(tokens: readonly CSSToken[]): { printed: string; from: number } {
    const printed: string[] = [];
    let from = 0;
    for (let token = tokens[from]; token !== undefined; token = tokens[from]) {
      if (token[0] === TokenType.Whitespace || token[0] === TokenType.Comment) {
        printed.push(token[1]);
        from += 1;
        continue;
      }
      if (token[0] !== TokenType.AtKeyword) break;
      const name = token[4].value.toLowerCase();
      const end = statementEnd(tokens, from);
      if (name === 'import') {
        printed.push(this.#import(readImport(tokens.slice(from + 1, end)), token[2]));
      } else if (name === 'layer' && tokens[end]?.[0] === TokenType.Semicolon) {
        printed.push(...tokens.slice(from, end + 1).map(([, text]) => text));
      } else if (name !== 'charset') {
        break;
      }
      from = end + 1;
    }
    return { printed: printed.join(''), from };
  }

  /** The sheet itself within its conditions, or nothing where the import has to lead the whole. */
  #import(found: StyleImport | undefined, offset: number): string {
    if (found === undefined) return this.#fail('This @import names no style sheet.', offset);
    const { address, conditions, blocks } = found;
    const { module, read } = this.#surroundings;
    const { imported, leading, within, conditional } = this.#inlining;
    if (!isLocalReference(address)) {
      if (conditional) {
        this.#fail(
          `"${address}" cannot be imported by a style sheet that is itself under a condition.`,
          offset,
        );
      }
      leading.push(`@import url(${quoted(address)})${conditions === '' ? '' : ` ${conditions}`};`);
      return '';
    }
    const path = pathOfReference(module, this.#resource, address);
    if (path === undefined) return this.#fail(`"${address}" leads out of the project.`, offset);
    const target = `/${module}/${path}`;
    // As in browsers, a sheet that imports itself at whatever remove gets nothing of that import.
    if (within.includes(target)) return '';
    const text = read(target);
    if (text === undefined) {
      return this.#fail(`Cannot import "${address}": there is no such style sheet.`, offset);
    }
    imported.add(target);
    const sheet = new StyleSheet(this.#surroundings, target, text, {
      imported,
      leading,
      within: [...within, target],
      conditional: conditional || blocks.length > 0,
    });
    return blocks.reduceRight((inner, block) => `${block} {\n${inner}\n}`, sheet.print());
  }

  #token(token: CSSToken): string {
    const [type, text, offset] = token;
    const closer = closers.get(type);
    if (closer !== undefined) {
      const name = token[0] === TokenType.Function ? token[4].value.toLowerCase() : '';
      this.#open.push({ closer, offset, name });
    } else if (closing.has(type) && this.#open.pop()?.closer !== type) {
      this.#fail('This closes nothing that is open.', offset);
    } else {
      const address = addressIn(token, this.#open.at(-1)?.name ?? '');
      if (address !== undefined) {
        const rewritten = rewriteReference(this.#surroundings, this.#resource, address);
        if (rewritten === undefined) return this.#fail(`"${address}" leads out of the project.`, offset);
        return type === TokenType.URL ? `url(${quoted(rewritten)})` : quoted(rewritten);
      }
    }
    return text;
  }

  #fail(message: string, offset: number): never {
    throw new StyleFault(this.#resource, this.#text, message, offset);
  }
}

const closers = new Map<TokenType, TokenType>([
  [TokenType.OpenCurly, TokenType.CloseCurly],
  [TokenType.OpenSquare, TokenType.CloseSquare],
  [TokenType.OpenParen, TokenType.CloseParen],
  [TokenType.Function, TokenType.CloseParen],
]);
const closing = new Set(closers.values());

/** The address of a file of the project in a token. Strings are addresses within some functions alone. */
const addressIn = (token: CSSToken, within: string): string | undefined => {
  if (token[0] !== TokenType.URL && token[0] !== TokenType.String) return undefined;
  if (token[0] === TokenType.String && !/^(?:url|src|(?:-webkit-)?image-set)$/u.test(within))
    return undefined;
  return isLocalReference(token[4].value) ? token[4].value : undefined;
};

const quoted = (address: string): string =>
  `"${address.replace(/["\\\n\r\f]/gu, (character) => `\\${character.codePointAt(0)?.toString(16) ?? ''} `)}"`;

/** Index of the semicolon that ends a statement, of the brace that makes a rule of it, or of the last token. */
const statementEnd = (tokens: readonly CSSToken[], from: number): number => {
  const end = tokens.findIndex(
    ([type], index) => index > from && (type === TokenType.Semicolon || type === TokenType.OpenCurly),
  );
  return end === -1 ? tokens.length - 1 : end;
};
