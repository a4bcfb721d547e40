import { access, mkdir, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { Address } from '@cd-push/timeline';

import { syncFolder } from '../outbox/durable-file.ts';
import { eachOf } from './each-of.ts';
import { unlessMissing } from './unless-missing.ts';

/** Objects by their addresses, in folders by what their addresses end with: a folder of 100,000 files is slow. */
export class ObjectFolder {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async read(address: Address): Promise<Uint8Array | undefined> {
    const bytes = await unlessMissing(readFile(this.#fileOf(address)));
    return bytes && new Uint8Array(bytes);
  }

  async has(addresses: readonly Address[]): Promise<ReadonlySet<Address>> {
    const found = new Set<Address>();
    await eachOf(addresses, async (address) => {
      const there = await unlessMissing(access(this.#fileOf(address)).then(() => true));
      if (there === true) found.add(address);
    });
    return found;
  }

  /** Moves files here from another folder, by their addresses; when this resolves they are here for good. */
  async take(from: string, addresses: readonly string[]): Promise<void> {
    const folders = new Set(addresses.map((address) => dirname(this.#fileOf(address))));
    await eachOf([...folders], (folder) => mkdir(folder, { recursive: true, mode: 0o700 }));
    await eachOf(addresses, (address) => rename(join(from, address), this.#fileOf(address)));
    await eachOf([...folders, this.#folder, dirname(this.#folder)], syncFolder);
  }

  /** The last character of an address stands for fewer bits than the others. */
  #fileOf(address: string): string {
    return join(this.#folder, address.slice(-3, -1), address);
  }
}
