import { ok, refuse, type Digest, type Result } from '@cd-push/protocol';
import { tokenize, TokenType, type CSSToken, type ParseError } from '@csstools/css-tokenizer';

import { contentDigest } from './content-digest.ts';
import { patchProblem, type PatchProblem } from './patch-problem.ts';
import { readImport, type StyleImport } from './style-import.ts';
import { isLocalReference, pathOfReference, rewriteReference, type StylePaths } from './style-reference.ts';

export interface StyleInput extends StylePaths {
  readonly resource: string;
  readonly text: string;
  /** The text of another style sheet of the project; undefined where there is none. */
  readonly read: (resource: string) => string | undefined;
}

export interface TransformedStyle {
  readonly content: string;
  readonly digest: Digest;
  /** Style sheets whose text is part of `content`, directly or not. A change of one changes this one. */
  readonly imported: readonly string[];
}

/**
 * Makes a style sheet one that works as `<style>` in any page of the project: what it imports is put in its place,
 * relative addresses become absolute ones. All else stays as it was written, token by token: that is why it is a
 * tokenizer that reads it and no compiler, which would print it anew and refuse what it does not know yet.
 */
export const transformStyle = (input: StyleInput): Result<TransformedStyle, PatchProblem> => {
  const imported = new Set<string>();
  const leading: string[] = [];
  try {
    const body = inline(input, input.resource, input.text, { imported, leading, above: [], conditional: false });
    const content = leading.map((rule) => `${rule}\n`).join('') + body;
    return ok({ content, digest: contentDigest(content), imported: [...imported] });
  } catch (error) {
    if (error instanceof StyleFault) return refuse(error.problem);
    throw error;
  }
};

class StyleFault extends Error {
  readonly problem: PatchProblem;
  constructor(resource: string, text: string, message: string, offset: number) {
    super(message);
    this.problem = patchProblem({ resource, text, message, offset });
  }
}

interface Inlining {
  readonly imported: Set<string>;
  /** Imports from elsewhere: they have to stand before all rules. */
  readonly leading: string[];
  /** Sheets that are being inlined, outermost first. */
  readonly above: readonly string[];
  /** Whether a condition or layer is around this sheet. */
  readonly conditional: boolean;
}

const inline = (input: StyleInput, resource: string, text: string, state: Inlining): string => {
  const fault = (message: string, offset: number): StyleFault => new StyleFault(resource, text, message, offset);
  const tokens = tokenize({ css: text }, { onParseError: (error) => refuseRepair(error, fault) });
  const out: string[] = [];
  /** Offsets of the braces that are open. */
  const blocks: number[] = [];
  /** Imports count only before the first rule; `@layer a, b;` and `@charset` may stand before them. */
  let importsAllowed = true;
  const functions: string[] = [];

  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index];
    if (token === undefined) break;
    switch (token[0]) {
      case TokenType.AtKeyword: {
        const name = token[4].value.toLowerCase();
        if (blocks.length === 0 && importsAllowed && (name === 'import' || name === 'charset')) {
          const end = statementEnd(tokens, index);
          if (name === 'import') out.push(importText(input, resource, readImport(tokens.slice(index + 1, end)), token[2], state, fault));
          index = end;
          continue;
        }
        if (blocks.length === 0 && !(name === 'layer' && endsWithSemicolon(tokens, index))) importsAllowed = false;
        break;
      }
      case TokenType.OpenCurly:
        blocks.push(token[2]);
        importsAllowed = false;
        break;
      case TokenType.CloseCurly:
        if (blocks.pop() === undefined) throw fault('This brace closes nothing.', token[2]);
        break;
      case TokenType.Function:
        functions.push(token[4].value.toLowerCase());
        break;
      case TokenType.OpenParen:
        functions.push('');
        break;
      case TokenType.CloseParen:
        functions.pop();
        break;
      case TokenType.URL:
      case TokenType.String: {
        const address = addressIn(token, functions.at(-1));
        if (address !== undefined && isLocalReference(address)) {
          const rewritten = rewriteReference(input, resource, address);
          if (rewritten === undefined) throw fault(`"${address}" leads out of the project.`, token[2]);
          out.push(token[0] === TokenType.URL ? `url(${quoted(rewritten)})` : quoted(rewritten));
          continue;
        }
        break;
      }
      default:
    }
    out.push(token[1]);
  }
  const open = blocks.at(-1);
  if (open !== undefined) throw fault('This brace is not closed.', open);
  return out.join('');
};

/** Text that stands for an import: the sheet itself within its conditions, or nothing where it has to lead the sheet. */
const importText = (
  input: StyleInput,
  resource: string,
  found: StyleImport | undefined,
  offset: number,
  state: Inlining,
  fault: (message: string, offset: number) => StyleFault,
): string => {
  if (found === undefined) throw fault('This @import names no style sheet.', offset);
  const { address, conditions, blocks } = found;
  if (!isLocalReference(address)) {
    if (state.conditional) {
      throw fault(`"${address}" cannot be imported by a style sheet that is itself imported under a condition.`, offset);
    }
    state.leading.push(`@import url(${quoted(address)})${conditions === '' ? '' : ` ${conditions}`};`);
    return '';
  }
  const path = pathOfReference(input.module, resource, address);
  if (path === undefined) throw fault(`"${address}" leads out of the project.`, offset);
  const target = `/${input.module}/${path}`;
  // As browsers do: a sheet that imports itself, at whatever remove, gets nothing of that import.
  if (target === input.resource || state.above.includes(target)) return '';
  const text = input.read(target);
  if (text === undefined) throw fault(`Cannot import "${address}": there is no such style sheet.`, offset);
  state.imported.add(target);
  const conditional = state.conditional || blocks.length > 0;
  const body = inline(input, target, text, { ...state, above: [...state.above, target], conditional });
  return blocks.reduceRight((inner, block) => `${block} {\n${inner}\n}`, body);
};

/** Strings are addresses in `url()`, `src()` and `image-set()` alone. */
const addressIn = (token: CSSToken, within: string | undefined): string | undefined => {
  if (token[0] === TokenType.URL) return token[4].value;
  if (token[0] !== TokenType.String) return undefined;
  return within !== undefined && /^(?:url|src|(?:-webkit-)?image-set)$/u.test(within) ? token[4].value : undefined;
};

const quoted = (address: string): string =>
  `"${address.replace(/["\\\n\r\f]/gu, (character) => `\\${character.codePointAt(0)?.toString(16) ?? ''} `)}"`;

/** Index of the semicolon that ends a statement, or of the last token. */
const statementEnd = (tokens: readonly CSSToken[], from: number): number => {
  const end = tokens.findIndex(([type], index) => index > from && type === TokenType.Semicolon);
  return end === -1 ? tokens.length - 1 : end;
};

const endsWithSemicolon = (tokens: readonly CSSToken[], from: number): boolean => {
  const end = tokens.slice(from).find(([type]) => type === TokenType.Semicolon || type === TokenType.OpenCurly);
  return end?.[0] === TokenType.Semicolon;
};

/** Browsers repair a sheet that ends early; in a file that was just saved it is a mistake. */
const refuseRepair = (error: ParseError, fault: (message: string, offset: number) => StyleFault): void => {
  throw fault(error.message, error.sourceStart);
};

