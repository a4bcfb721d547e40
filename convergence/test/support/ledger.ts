import {
  append,
  appendMerge,
  makeGenesis,
  storedBlob,
  type FrameContent,
  type FrameObject,
  type StoredObject,
} from '@cd-push/timeline';

import { lostEdits } from '../../src/checker/lost-edits.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { Pool } from '../../src/objects/pool.ts';

/** A timeline whose frames are made by hand, merges included, and what the checker says of it. */
export class Account {
  readonly pool = new Pool();
  readonly ledger = new Ledger(this.pool);

  async begin(document = 'by hand'): Promise<FrameObject> {
    const genesis = await makeGenesis({ document });
    this.#put(genesis);
    return genesis;
  }

  async blob(text: string): Promise<{ readonly '/': string }> {
    const blob = await storedBlob(text);
    this.#put(blob);
    return { '/': blob.address };
  }

  /** Somebody edits what is in a frame. */
  async edit(
    parent: FrameObject,
    content: FrameContent,
    { replica = 'one', isUndo = false, only }: { replica?: string; isUndo?: boolean; only?: string[] } = {},
  ): Promise<FrameObject> {
    const frame = await append(parent, content);
    this.#put(frame);
    const { timeline, address } = frame;
    const what = JSON.stringify(content.data);
    this.ledger.note({ replica, timeline, frame: address, parent: parent.address, what, isUndo, only });
    return frame;
  }

  /** Two frames come together in whatever is said here. */
  async merge(
    base: FrameObject,
    one: FrameObject,
    other: FrameObject,
    content: FrameContent,
  ): Promise<FrameObject> {
    const [graftbase, graftorphan] = [one.address, other.address];
    const merge = { base: [base.address], graftbase, graftorphan, algorithm: 'by hand', syntax: null };
    const frame = await appendMerge(one, other, { ...content, merge });
    this.#put(frame);
    return frame;
  }

  /** What is wrong if this is where all of them end. */
  lostAt({ timeline, address }: FrameObject): readonly string[] {
    return lostEdits(this.ledger, this.pool, timeline, address).map(({ what }) => what);
  }

  #put({ address, bytes }: StoredObject): void {
    this.pool.put(address, bytes);
  }
}

export const conflictAmong = (...sides: readonly string[]) => ({
  kind: 'cd-push/conflict/1',
  base: null,
  sides: sides.toSorted(),
});
