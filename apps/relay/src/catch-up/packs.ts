import { promisify } from 'node:util';
import { deflateRaw, deflateRawSync } from 'node:zlib';

import { toCommTrack } from '@cd-push/protocol';
import { packPushData, packShape } from '@cd-push/timeline';

import type { JournalReads } from '../journal/journal.ts';
import type { Pack } from '../journal/parcel.ts';
import type { TrackedPush } from '../journal/tracked-push.ts';
import { lengthOf, readParcel } from '../line/parcels.ts';
import { skippedFor } from '../line/skipped.ts';
import type { Held } from '../peers/peer.ts';
import { deltasUpon } from './deltas.ts';

/** What a runtime is said to hold. */
export interface Holdings {
  /** By its own word. */
  readonly reported: ReadonlyMap<string, Held>;
  /** What earlier copies of the same catch-up leave, if all goes well. It counts first. */
  readonly expected: ReadonlyMap<string, Held>;
}

type PackReads = Pick<JournalReads, 'envelope' | 'content' | 'steps' | 'versionsAt'>;

/** Bytes that are kept at hand: many runtimes that were away together come back together. */
const keptBytes = 32 * 1024 * 1024;
/** Copies that are made at a time: each has its contents in memory, twice. */
const madeAtATime = 2;
/** Bytes that are deflated at once: handing them to another thread takes as long as a few tens of kilobytes do. */
const atOnceBytes = 64 * 1024;
/** Almost all that deflating can save, for a third of the time; and what stands in every pack. */
const options = { level: 6, dictionary: Buffer.from(packShape) };

const deflateAside = promisify(deflateRaw);

/** Makes the copies that single runtimes get of pushes of files, the same one for all who hold the same. */
export class Packs {
  readonly #store: PackReads;
  /** Latest used last; 0 bytes as long as it is being made. */
  readonly #kept = new Map<string, { readonly pack: Promise<Pack>; bytes: number }>();
  #bytes = 0;
  #underWay = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(store: PackReads) {
    this.#store = store;
  }

  /**
   * @throws {NotInJournal} where it cannot be made.
   * @throws what the store threw.
   */
  for(push: TrackedPush, { reported, expected }: Holdings): Promise<Pack> {
    const names = (push.accepted.signed?.patches ?? []).map(({ resource, from }) => from ?? resource);
    // As they are now: what comes out depends on nothing that its key does not name.
    const holdings = { reported: among(names, reported), expected: among(names, expected) };
    const key = JSON.stringify([push.offset, [...holdings.reported], [...holdings.expected]]);
    const known = this.#kept.get(key);
    if (known !== undefined) {
      this.#kept.delete(key);
      this.#kept.set(key, known);
      return known.pack;
    }
    const pack = this.#inTurn(() => this.#make(push, holdings));
    const entry = { pack, bytes: 0 };
    this.#kept.set(key, entry);
    pack.then(
      ({ bytes }) => this.#keep(entry, key, bytes.length),
      () => this.#kept.delete(key),
    );
    return pack;
  }

  async #make(push: TrackedPush, { reported, expected }: Holdings): Promise<Pack> {
    const store = this.#store;
    const skipped = await skippedFor(push, reported, store);
    const { envelope, contents } = await readParcel(push, store, lengthOf(skipped));
    const smaller = await deltasUpon(new Map([...reported, ...expected]), push, contents, store);
    const { pushData, req, resp } = envelope;
    const { initTime: initialized, acceptedAt } = push.accepted;
    const packed = packPushData({
      ...pushData,
      // When it is sent is said by the copy.
      commTrack: toCommTrack({ initialized, relayed: acceptedAt, pushed: acceptedAt }),
      contents: [...smaller],
      skipped,
    });
    return {
      frame: req === null && resp === null ? {} : { req, resp },
      bytes:
        packed.length < atOnceBytes ? deflateRawSync(packed, options) : await deflateAside(packed, options),
    };
  }

  #keep(entry: { bytes: number }, key: string, bytes: number): void {
    if (this.#kept.get(key) !== entry) return;
    entry.bytes = bytes;
    this.#bytes += bytes;
    for (const [oldest, { bytes: freed }] of this.#kept) {
      if (this.#bytes <= keptBytes) return;
      // What is being made is waited for.
      if (freed === 0) continue;
      this.#kept.delete(oldest);
      this.#bytes -= freed;
    }
  }

  async #inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.#underWay >= madeAtATime) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
    this.#underWay += 1;
    try {
      return await work();
    } finally {
      this.#underWay -= 1;
      this.#waiting.shift()?.();
    }
  }
}

const among = (names: readonly string[], held: ReadonlyMap<string, Held>): ReadonlyMap<string, Held> =>
  new Map(
    names.flatMap((name) => {
      const have = held.get(name);
      return have === undefined ? [] : [[name, { version: have.version, digest: have.digest }]];
    }),
  );
