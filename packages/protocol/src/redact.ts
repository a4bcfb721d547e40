import type { ICdRequest } from './wire/cd-request.ts';
import type { ICdResponse } from './wire/cd-response.ts';
import type { CdObjId } from './wire/cd-obj-id.ts';

/** Member names whose values are secrets, in whatever part of a request or response they stand. */
const secretName =
  /^(?:.*(?:password|passwd|passphrase|secret|private_?key)|(?:.*[_-])?(?:token|jwt)|.*Token|authorization|cookie|set-cookie|api_?key|cd_token)$/i;
/** Where a JWS starts: `eyJ` is `{"` in base64url. */
const startsJws = /(?:^|[^A-Za-z0-9_])eyJ/;
const schemeBefore = /(?:^|[^A-Za-z0-9])(?:bearer|basic)\s{1,8}$/i;

/**
 * A request or response without its secrets: members named for one are dropped, tokens inside texts are blotted out, and
 * the session's `initUuid` stays, which joins a push to its session without giving access.
 */
export const redact = <Value extends ICdRequest | ICdResponse | CdObjId>(value: Value): Value =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the walk removes optional members, blots texts and nulls a session's `jwt`, all of which the schema allows
  withoutSecrets(value) as Value;

const withoutSecrets = (value: unknown): unknown => {
  if (typeof value === 'string') return blot(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutSecrets);
  const kept: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(value)) {
    if (key === 'jwt' && typeof member === 'object') kept[key] = null;
    else if (!secretName.test(key)) kept[key] = withoutSecrets(member);
  }
  return kept;
};

/** A text that holds none of these needs no closer look. */
const suspicious = /eyJ|bearer|basic/i;
/** Shorter runs are words. */
const shortestToken = 8;

/**
 * A text without tokens: runs of token characters that start a JWS and have two dots after that, or that follow a
 * scheme's name. Walked by hand, each character once: a pattern with a repetition in it backtracks, and runs out of
 * stack on a text of some megabytes.
 */
export const blot = (text: string): string => {
  if (!suspicious.test(text)) return text;
  let result = '';
  let kept = 0;
  for (let start = 0; start < text.length; start++) {
    if (!isTokenCharacter(text.charCodeAt(start))) continue;
    let end = start + 1;
    while (end < text.length && isTokenCharacter(text.charCodeAt(end))) end++;
    if (isToken(text, start, end)) {
      result += `${text.slice(kept, start)}[removed]`;
      kept = end;
    }
    start = end;
  }
  return result + text.slice(kept);
};

/** Letters, digits and `+ - . / = _ ~`. */
const isTokenCharacter = (code: number): boolean =>
  (code >= 0x61 && code <= 0x7a) ||
  (code >= 0x41 && code <= 0x5a) ||
  (code >= 0x2d && code <= 0x39) ||
  code === 0x2b ||
  code === 0x3d ||
  code === 0x5f ||
  code === 0x7e;

const isToken = (text: string, start: number, end: number): boolean => {
  if (end - start < shortestToken) return false;
  if (schemeBefore.test(text.slice(Math.max(0, start - 16), start))) return true;
  const run = text.slice(start, end);
  const jws = startsJws.exec(run);
  if (jws === null) return false;
  const firstDot = run.indexOf('.', jws.index);
  return firstDot !== -1 && run.includes('.', firstDot + 1);
};
