import { limits } from '@cd-push/protocol';

import { toBase64url, utf8 } from '../crypto/base64url.ts';
import { packShape } from './pack-shape.ts';
import { proofs } from './proofs.ts';

/**
 * The envelope of which the most part came packed.
 *
 * @param own what came with it and is this copy's own: it counts first.
 * @returns undefined for what is no pack, or would be larger than an envelope. Nothing else is known of what comes out than
 *   that it is JSON.
 */
export const unpackEnvelope = async (own: unknown, pack: Uint8Array): Promise<unknown> => {
  const packed = await inflated(pack, limits.envelopeBytes)
    .then(parsed)
    .catch(() => undefined);
  if (!isRecord(own) || !isRecord(own.pushData) || !isRecord(packed)) return undefined;
  const { commTrack, skipped, certificate } = packed;
  return {
    req: null,
    resp: null,
    ...own,
    pushData: {
      ...packed,
      ...(Array.isArray(skipped) ? { skipped: certified(skipped, certificate) } : {}),
      ...own.pushData,
      commTrack: { ...asRecord(commTrack), ...asRecord(own.pushData.commTrack) },
    },
  };
};

const parsed = (text: string): unknown =>
  JSON.parse(text, (name, value: unknown) =>
    proofs.has(name) && Array.isArray(value) ? compact(value) : value,
  );

/** A JWS in compact serialization (RFC 7515) of its header, payload and signature. */
const compact = ([header, payload, signature]: readonly unknown[]): string =>
  [toBase64url(utf8(String(header))), toBase64url(utf8(String(payload))), String(signature)].join('.');

/** Statements that were skipped, each with its certificate: where there is none, the one before it. */
const certified = (skipped: readonly unknown[], certificate: unknown): unknown[] => {
  let last = certificate;
  return skipped.map((one) => {
    if (!isRecord(one)) return one;
    last = one.certificate ?? last;
    return { ...one, certificate: last };
  });
};

/**
 * UTF-8 of raw DEFLATE (RFC 1951) with a preset dictionary, which a stored block before it stands for.
 *
 * @throws RangeError as soon as it is more than it may be; TypeError for what is neither.
 */
const inflated = async (bytes: Uint8Array, atMost: number): Promise<string> => {
  const { length } = packShape;
  const header = Uint8Array.of(0, length & 0xff, length >> 8, ~length & 0xff, (~length >> 8) & 0xff);
  const reader = new Blob([header, packShape, new Uint8Array(bytes)])
    .stream()
    .pipeThrough(new DecompressionStream('deflate-raw'))
    .pipeThrough(new TextDecoderStream('utf-8', { fatal: true, ignoreBOM: true }))
    .getReader();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text.slice(length);
    text += value;
    if (text.length > length + atMost) {
      await reader.cancel();
      throw new RangeError('The pack holds more than an envelope.');
    }
  }
};

const asRecord = (value: unknown): object => (isRecord(value) ? value : {});

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
