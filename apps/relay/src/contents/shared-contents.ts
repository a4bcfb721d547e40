import type { JournalStore } from '@cd-push/store';

import { HeldBytes } from './held-bytes.ts';

/** What a holder of a content has: its bytes, until it is given back. */
export interface Hold {
  /** Undefined where there is no such content any more. */
  readonly body: Promise<Buffer | undefined>;
  release(): void;
}

interface Shared {
  readonly body: Promise<Buffer | undefined>;
  readonly giveBack: () => void;
  holders: number;
}

/** Bytes of all contents that are being given out. */
const inAll = 256 * 1024 * 1024;

/** Contents that are being given out: many runtimes that ask for one at a time are served from one copy. */
export class SharedContents {
  readonly #store: Pick<JournalStore, 'content'>;
  readonly #room = new HeldBytes({ inAll, ofOne: inAll });
  readonly #shared = new Map<string, Shared>();

  constructor(store: Pick<JournalStore, 'content'>) {
    this.#store = store;
  }

  /**
   * @param bytes how large it is.
   * @returns undefined where there is no room for it now.
   */
  hold(tenant: string, digest: string, bytes: number): Hold | undefined {
    const key = `${tenant} ${digest}`;
    const shared = this.#shared.get(key) ?? this.#read(tenant, digest, key, bytes);
    if (shared === undefined) return undefined;
    shared.holders += 1;
    return {
      body: shared.body,
      release: () => {
        shared.holders -= 1;
        if (shared.holders > 0) return;
        this.#shared.delete(key);
        shared.giveBack();
      },
    };
  }

  #read(tenant: string, digest: string, key: string, bytes: number): Shared | undefined {
    const giveBack = this.#room.take(key, bytes);
    if (giveBack === undefined) return undefined;
    const body = this.#store.content(tenant, digest).then(asBuffer);
    // Whoever holds it hears of it; without a holder nobody would.
    body.catch(() => undefined);
    const shared: Shared = { body, giveBack, holders: 0 };
    this.#shared.set(key, shared);
    return shared;
  }
}

const asBuffer = (body: string | Uint8Array | undefined): Buffer | undefined => {
  if (body === undefined) return undefined;
  return typeof body === 'string'
    ? Buffer.from(body)
    : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
};
