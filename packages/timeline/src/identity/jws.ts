import { platform } from '#crypto';
import type { PublicKey } from '@cd-push/protocol';

import { fromBase64url, toBase64url, utf8 } from '../crypto/base64url.ts';
import type { SigningKey } from '../crypto/port.ts';

/** What a JWS of ours may be; a type is signed along, so that one never passes for another. */
export type JwsType =
  | 'cd-push+jws'
  | 'cd-push-cert+jws'
  | 'cd-push-relay+jws'
  | 'cd-push-acceptance+jws'
  | 'cd-push-approval+jws'
  | 'cd-push-proof+jws'
  | 'cd-push-audit-head+jws'
  | 'cd-push-challenge+jws'
  | 'cd-push-delegation+jws';

/**
 * The protected header has one spelling per type. Receivers compare it as text, so no other algorithm, no `crit`, `jku`,
 * `jwk` or `kid` can be smuggled in.
 */
const headerFor = (type: JwsType): string => toBase64url(utf8(JSON.stringify({ alg: 'EdDSA', typ: type })));

/** Made once: every push compares and writes several. */
const headers: Readonly<Record<JwsType, string>> = {
  'cd-push+jws': headerFor('cd-push+jws'),
  'cd-push-cert+jws': headerFor('cd-push-cert+jws'),
  'cd-push-relay+jws': headerFor('cd-push-relay+jws'),
  'cd-push-acceptance+jws': headerFor('cd-push-acceptance+jws'),
  'cd-push-approval+jws': headerFor('cd-push-approval+jws'),
  'cd-push-proof+jws': headerFor('cd-push-proof+jws'),
  'cd-push-audit-head+jws': headerFor('cd-push-audit-head+jws'),
  'cd-push-challenge+jws': headerFor('cd-push-challenge+jws'),
  'cd-push-delegation+jws': headerFor('cd-push-delegation+jws'),
};

/** Signs a payload as JSON: a JWS in compact serialization (RFC 7515). */
export const signJws = async (type: JwsType, payload: object, key: SigningKey): Promise<string> => {
  const signed = `${headers[type]}.${toBase64url(utf8(JSON.stringify(payload)))}`;
  return `${signed}.${toBase64url(await key.sign(utf8(signed)))}`;
};

/** The decoded payload if the signature by one of the keys holds, else undefined. Nothing is decoded before that. */
export const openJws = async (type: JwsType, jws: string, keys: readonly PublicKey[]): Promise<unknown> => {
  const [header, payload, signature, rest] = jws.split('.');
  if (header !== headers[type] || payload === undefined || signature === undefined || rest !== undefined)
    return undefined;
  const signatureBytes = fromBase64url(signature);
  if (signatureBytes?.length !== 64) return undefined;
  const signed = utf8(`${header}.${payload}`);
  for (const key of keys) {
    if (!(await platform.verify(key, signatureBytes, signed))) continue;
    const bytes = fromBase64url(payload);
    return bytes === undefined ? undefined : parse(bytes);
  }
  return undefined;
};

const parse = (bytes: Uint8Array): unknown => {
  try {
    const payload: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return payload;
  } catch {
    return undefined;
  }
};
