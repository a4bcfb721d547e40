import { readFile, stat } from 'node:fs/promises';

import { parseJson } from '@cd-push/protocol';
import { isAddress, isMembers, type Address } from '@cd-push/timeline';

import { CliError } from '../cli-error.ts';
import { writeDurably } from '../outbox/durable-file.ts';
import { unlessMissing } from './unless-missing.ts';

/** Tips in one file, which is replaced as a whole. */
export class TipFile {
  readonly #file: string;
  #kept: { readonly as: string; readonly tips: ReadonlyMap<Address, Address> } | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /** Reads it again only if it is another one than the last time. */
  async read(): Promise<ReadonlyMap<Address, Address>> {
    const found = await unlessMissing(stat(this.#file, { bigint: true }));
    if (found === undefined) return new Map();
    const as = `${found.ino} ${found.mtimeNs} ${found.size}`;
    if (this.#kept?.as === as) return this.#kept.tips;
    const text = await unlessMissing(readFile(this.#file, 'utf8'));
    if (text === undefined) return new Map();
    const tips = parse(text, this.#file);
    this.#kept = { as, tips };
    return tips;
  }

  /** When this resolves, it is on the disk. */
  async write(tips: ReadonlyMap<Address, Address>): Promise<void> {
    await writeDurably(this.#file, JSON.stringify(Object.fromEntries(tips)));
  }
}

const parse = (text: string, file: string): ReadonlyMap<Address, Address> => {
  const parsed = parseJson(text);
  if (!parsed.ok || !isMembers(parsed.value)) throw damaged(file);
  const tips = new Map<Address, Address>();
  for (const [timeline, tip] of Object.entries(parsed.value)) {
    if (!isAddress(timeline) || !isAddress(tip)) throw damaged(file);
    tips.set(timeline, tip);
  }
  return tips;
};

const damaged = (file: string): CliError =>
  new CliError(`${file} does not say any more which frame each file is at.`, {
    next: 'Move the folder that it lies in away; what was pushed comes back with the next synchronisation.',
  });
