import type { StoredObject } from '@cd-push/timeline';

import { patchesOf } from '../journal/patches.ts';
import type { Offer } from '../ports/journal.ts';
import { blobAddressOf, digestOfBlob } from './blob-address.ts';
import type { TenantContent, TenantObject } from './objects.ts';
import { addressIn } from './tips.ts';

/** What is written of a push that brings objects to its timelines. */
export interface WrittenHistory {
  readonly objects: readonly TenantObject[];
  /** Blobs that the objects refer to and that the push names as contents, so that they did not have to come twice. */
  readonly contents: readonly TenantContent[];
}

export const historyOf = ({ push, history }: Offer): readonly WrittenHistory[] => {
  if (history === undefined) return [];
  const { tenant } = push;
  const come = new Set<string>(history.objects.map(({ address }) => address));
  const sought = referredTo(history.objects);
  const contents = [...new Set(patchesOf(push).map(({ digest }) => digest))].flatMap((digest) => {
    if (digest === null) return [];
    const address = addressIn(blobAddressOf(digest));
    return sought.has(address) && !come.has(address) ? [{ tenant, address, digest }] : [];
  });
  return [{ objects: history.objects.map((object) => ({ tenant, ...object })), contents }];
};

/** Blobs that objects refer to. Read once, however many are asked for: this happens while the journal is locked. */
const referredTo = (objects: readonly StoredObject[]): ReadonlySet<string> => {
  const found = new Set<string>();
  for (const { address, bytes } of objects) {
    if (digestOfBlob(address) !== undefined) continue;
    const spelling = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
    for (const [, blob = ''] of spelling.matchAll(quotedBlob)) found.add(blob);
  }
  return found;
};

/** A blob's address as it stands in canonical JSON. */
const quotedBlob = /"(bafkrei[a-z2-7]{52})"/g;
