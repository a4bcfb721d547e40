import { limits, type PatchContent, type PatchHead } from '@cd-push/protocol';
import type { Content } from '@cd-push/store';

import type { JournalReads } from '../journal/journal.ts';
import type { Parcel } from '../journal/parcel.ts';
import type { TrackedPush } from '../journal/tracked-push.ts';

type Contents = Pick<JournalReads, 'envelope' | 'content'>;

/** Something that is owed cannot be found, however often it is looked for. */
export class NotInJournal extends Error {
  override readonly name = 'NotInJournal';
}

/**
 * What recipients of a push get, read from the journal: every content whole, or, where it does not fit, left to be fetched.
 *
 * @param besides bytes that are sent along.
 * @throws {NotInJournal}
 */
export const readParcel = async (push: TrackedPush, store: Contents, besides = 0): Promise<Parcel> => {
  const { tenant, signed } = push.accepted;
  const envelope = await store.envelope(push.offset);
  if (envelope === undefined) throw new NotInJournal('A push is owed whose envelope is not in the journal.');
  const contents: PatchContent[] = [];
  let left = limits.envelopeBytes - besides - lengthOf(envelope);
  for (const patch of signed?.patches ?? []) {
    const content = await wholeOf(patch, tenant, store, left);
    left -= lengthOf(content);
    contents.push(content);
  }
  return { envelope, contents };
};

/** Those of several pushes, by their offsets; what cannot be found is left out. */
export const parcelsFor = async (
  pushes: readonly TrackedPush[],
  store: Contents,
): Promise<ReadonlyMap<number, Parcel>> => {
  const parcels = new Map<number, Parcel>();
  for (const push of pushes) {
    try {
      parcels.set(push.offset, await readParcel(push, store));
    } catch (error) {
      if (!(error instanceof NotInJournal)) throw error;
    }
  }
  return parcels;
};

/**
 * The content of a patch as it is sent to whoever has nothing of it.
 *
 * @param left bytes that it may take; beyond them it is `stored`.
 * @throws {NotInJournal}
 */
export const wholeOf = async (
  patch: PatchHead,
  tenant: string,
  store: Pick<Contents, 'content'>,
  left: number,
): Promise<PatchContent> => {
  if (patch.digest === null) return { encoding: 'none' };
  // Nothing of it is read if it cannot fit, however it is written.
  if (patch.bytes > left) return { encoding: 'stored' };
  const body = await store.content(tenant, patch.digest);
  const map = patch.mapDigest === undefined ? undefined : await store.content(tenant, patch.mapDigest);
  if (body === undefined || (patch.mapDigest !== undefined && map === undefined)) {
    throw new NotInJournal('A push is owed whose contents are not in the journal.');
  }
  const whole = encoded(body, map, patch);
  return lengthOf(whole) > left ? { encoding: 'stored' } : whole;
};

const encoded = (body: Content['body'], map: Content['body'] | undefined, patch: PatchHead): PatchContent => {
  const text = patch.componentType === 'asset' && typeof body !== 'string' ? undefined : textOf(body);
  if (text === undefined) return { encoding: 'base64', base64: Buffer.from(body).toString('base64') };
  const mapText = map === undefined ? undefined : textOf(map);
  return { encoding: 'text', text, ...(mapText === undefined ? {} : { map: mapText }) };
};

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A stored content as text; undefined where it is none. */
export const textOf = (body: Content['body']): string | undefined => {
  if (typeof body === 'string') return body;
  try {
    return utf8.decode(body);
  } catch {
    return undefined;
  }
};

/** UTF-8 bytes of a value as it goes on the wire. */
export const lengthOf = (value: object): number => Buffer.byteLength(JSON.stringify(value));
