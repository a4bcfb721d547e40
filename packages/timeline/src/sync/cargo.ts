import {
  limits,
  ok,
  problemOf,
  refuse,
  type Digest,
  type Problem,
  type Result,
  type SyncObject,
} from '@cd-push/protocol';

import { fromBase64, toBase64url, utf8 } from '../crypto/base64url.ts';
import { digestOf } from '../crypto/digest.ts';
import { addressOf, isAddress, readAddress, type Address } from '../objects/address.ts';
import { objectProblem } from '../objects/object-problem.ts';
import type { StoredObject } from '../space/space.ts';

/** A part of a blob that is larger than what one turn brings. */
export interface Piece {
  readonly of: Address;
  /** Where in the blob these bytes begin, and how long it is in all. */
  readonly at: number;
  readonly size: number;
  readonly bytes: Uint8Array;
}

/** What comes with a turn. */
export type Cargo =
  | { readonly type: 'object'; readonly object: StoredObject }
  | { readonly type: 'piece'; readonly piece: Piece };

/**
 * Cargo as it travels: texts as such, everything else in base64. Addresses are left out, the receiver takes them from the
 * bytes.
 */
export const travelling = (cargo: Cargo): Result<SyncObject, Problem> => {
  if (cargo.type === 'piece') {
    const { of, at, size, bytes } = cargo.piece;
    return ok({ piece: toBase64(bytes), of, at, size });
  }
  const { address, bytes } = cargo.object;
  const text = textIn(bytes);
  if (readAddress(address)?.codec === 'raw')
    return ok(text === undefined ? { base64: toBase64(bytes) } : { text });
  return text === undefined || text.length > limits.timelineObjectLength
    ? refuse(objectProblem('too-large', address, `At most ${limits.timelineObjectLength} characters travel.`))
    : ok({ json: text });
};

/** What has travelled, under the addresses of the very bytes that came. */
export const arriving = async (
  objects: readonly SyncObject[],
): Promise<Result<readonly Cargo[], Problem>> => {
  const cargo: Cargo[] = [];
  for (const [index, object] of objects.entries()) {
    const arrived = await arrive(object);
    if (arrived === undefined) {
      const detail = 'These bytes are spelled in no way that is known.';
      return refuse(problemOf('bad-object', { path: `/objects/${index}`, detail }));
    }
    cargo.push(arrived);
  }
  return ok(cargo);
};

/** What a context signs of the objects beside it: a digest over which they are, in their order. */
export const carriesOf = async (cargo: readonly Cargo[]): Promise<Digest | undefined> => {
  if (cargo.length === 0) return undefined;
  const lines = await Promise.all(
    cargo.map(async (item) => {
      if (item.type === 'object') return item.object.address;
      const { of, at, size, bytes } = item.piece;
      return `${of} ${at} ${size} ${await digestOf(bytes)}`;
    }),
  );
  return digestOf(lines.join('\n'));
};

export const bytesOf = (cargo: Cargo): number =>
  cargo.type === 'piece' ? cargo.piece.bytes.length : cargo.object.bytes.length;

const arrive = async (object: SyncObject): Promise<Cargo | undefined> => {
  if ('piece' in object) {
    const { piece, of, at, size } = object;
    const bytes = fromBase64(piece);
    return bytes !== undefined && isAddress(of)
      ? { type: 'piece', piece: { of, at, size, bytes } }
      : undefined;
  }
  if ('json' in object) return stored('json', utf8(object.json));
  const bytes = 'text' in object ? utf8(object.text) : fromBase64(object.base64);
  return bytes && stored('raw', bytes);
};

const stored = async (codec: 'json' | 'raw', bytes: Uint8Array): Promise<Cargo> => ({
  type: 'object',
  object: { address: await addressOf(codec, bytes), bytes },
});

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const textIn = (bytes: Uint8Array): string | undefined => {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
};

/** Padded standard base64. */
const toBase64 = (bytes: Uint8Array): string => {
  const text = toBase64url(bytes).replaceAll('-', '+').replaceAll('_', '/');
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=');
};
