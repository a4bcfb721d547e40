import type { ICdRequest } from './wire/cd-request.ts';
import type { ICdResponse } from './wire/cd-response.ts';
import type { CdObjId } from './wire/cd-obj-id.ts';

/** Member names whose values are secrets, in whatever part of a request or response they stand. */
const secretName =
  /^(?:.*(?:password|passwd|passphrase|secret|private_?key)|(?:.*[_-])?(?:token|jwt)|.*Token|authorization|cookie|set-cookie|api_?key|cd_token)$/i;
/** A JWT, or another compact JWS, that stands inside a longer text. */
const jwsInText = /\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g;
const bearerInText = /\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi;

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

const blot = (text: string): string =>
  text.replaceAll(jwsInText, '[removed]').replaceAll(bearerInText, '$1 [removed]');
