import type { ICdPushEnvelop } from '@cd-push/protocol';

import { fromBase64url } from '../crypto/base64url.ts';
import { proofs } from './proofs.ts';

type PushData = ICdPushEnvelop['pushData'];

/**
 * What of an envelope is the same for all who are at the same place, as the JSON that is deflated. Base64 hides from a
 * compressor what is alike, so of each JWS header, payload and signature stand one by one. What reads the same where it is
 * absent is left out, and so is a certificate that is the one before it.
 */
export const packPushData = ({ skipped = [], ...others }: Partial<PushData>): string => {
  const said = Object.entries(others).filter(([, value]) => value !== false && value !== '');
  const shortened = skipped.map(({ statement, certificate }, index) => {
    const before = index === 0 ? others.certificate : skipped[index - 1]?.certificate;
    return certificate === before ? { statement } : { statement, certificate };
  });
  const packed = { ...Object.fromEntries(said), ...(skipped.length === 0 ? {} : { skipped: shortened }) };
  return JSON.stringify(packed, (name, value: unknown) =>
    proofs.has(name) && typeof value === 'string' ? opened(value) : value,
  );
};

/** The JWS itself where its parts would not make the very same. */
const opened = (jws: string): readonly string[] | string => {
  const [header, payload, signature, rest] = jws.split('.');
  const parts = [textOf(header), textOf(payload), signature];
  return rest === undefined && parts.every((part) => part !== undefined) ? parts : jws;
};

const textOf = (part: string | undefined): string | undefined => {
  const bytes = part === undefined ? undefined : fromBase64url(part);
  try {
    return bytes && new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
};
