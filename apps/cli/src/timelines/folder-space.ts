import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { Address, Space, SpaceChange, SpaceCommit, StoredObject, Tip } from '@cd-push/timeline';

import { exclusively } from '../credentials/exclusively.ts';
import { syncFolder, writeSynced } from '../outbox/durable-file.ts';
import { eachOf } from './each-of.ts';
import { ObjectFolder } from './object-folder.ts';
import { TipFile } from './tip-file.ts';
import { namesIn, unlessMissing } from './unless-missing.ts';

/**
 * Keeps timelines in a folder that only its owner may look into: a file for each object, named by its address, and one for
 * all tips. Processes share it; one at a time writes.
 *
 * A change is first gathered whole in a folder of its own, brought to the disk, and then takes effect by one renaming of that
 * folder. What is left to do after that - to move its files to where they belong - is done again by whoever writes next, if
 * the process dies before; until it is done, readers look into that folder too. So the folder holds all of a change or
 * nothing of it, wherever a process is killed or the power goes.
 */
export const folderSpace = (folder: string): Space => new FolderSpace(folder);

class FolderSpace implements Space {
  readonly #folder: string;
  readonly #objects: ObjectFolder;
  readonly #tips: TipFile;
  /** A change that is being gathered; it stands for nothing. */
  readonly #staged: string;
  /** A change that has taken effect. */
  readonly #committed: string;
  /** Ends with the last of this process's commits. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(folder: string) {
    this.#folder = folder;
    this.#staged = join(folder, 'staged');
    this.#committed = join(folder, 'committed');
    this.#objects = new ObjectFolder(join(folder, 'objects'));
    this.#tips = new TipFile(join(folder, tipsName));
  }

  async get(address: Address): Promise<Uint8Array | undefined> {
    return (
      (await this.#objects.read(address)) ??
      (await unlessMissing(readFile(join(this.#committed, address)))) ??
      // It was moved between the two looks.
      (await this.#objects.read(address))
    );
  }

  async has(addresses: readonly Address[]): Promise<ReadonlySet<Address>> {
    const found = await this.#objects.has(addresses);
    if (found.size === new Set(addresses).size) return found;
    const committed = new Set<string>(await namesIn(this.#committed));
    const rest = addresses.filter((address) => !found.has(address));
    return new Set([
      ...found,
      ...rest.filter((address) => committed.has(address)),
      ...(await this.#objects.has(rest)),
    ]);
  }

  async tip(timeline: Address): Promise<Address | undefined> {
    return (await this.#standing()).get(timeline);
  }

  async tips(after: Address | undefined, limit: number): Promise<readonly Tip[]> {
    return [...(await this.#standing())]
      .filter(([timeline]) => after === undefined || timeline > after)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .slice(0, limit)
      .map(([timeline, tip]) => ({ timeline, tip }));
  }

  async commit(change: SpaceChange): Promise<SpaceCommit> {
    const lock = join(this.#folder, 'lock');
    const turn = this.#turn.then(() => exclusively(lock, () => this.#commit(change)));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #commit({ objects, swaps }: SpaceChange): Promise<SpaceCommit> {
    await this.#settle();
    const tips = await this.#tips.read();
    const moved = swaps.filter(({ timeline, from }) => tips.get(timeline) !== from);
    if (moved.length > 0) {
      return {
        outcome: 'moved',
        tips: moved.map(({ timeline }) => ({ timeline, tip: tips.get(timeline) })),
      };
    }
    const known = await this.#objects.has(objects.map(({ address }) => address));
    const fresh = new Map(
      objects.filter(({ address }) => !known.has(address)).map((object) => [object.address, object]),
    );
    const steps = swaps.filter(({ from, to }) => from !== to);
    if (fresh.size === 0 && steps.length === 0) return { outcome: 'committed' };
    await this.#stage([...fresh.values()], new Map(steps.map(({ timeline, to }) => [timeline, to])));
    await rename(this.#staged, this.#committed);
    await syncFolder(this.#folder);
    await this.#settle();
    return { outcome: 'committed' };
  }

  async #stage(objects: readonly StoredObject[], tips: ReadonlyMap<Address, Address>): Promise<void> {
    try {
      await mkdir(this.#staged, { mode: 0o700 });
      await eachOf(objects, ({ address, bytes }) => writeSynced(join(this.#staged, address), bytes));
      await new TipFile(join(this.#staged, tipsName)).write(tips);
      await syncFolder(this.#staged);
    } catch (error) {
      await rm(this.#staged, { recursive: true, force: true });
      throw error;
    }
  }

  /** Ends what an earlier commit has left to do, and takes away what one had only begun. */
  async #settle(): Promise<void> {
    await rm(this.#staged, { recursive: true, force: true });
    const names = await namesIn(this.#committed);
    if (names.length === 0) {
      // All of it may be done but for the folder itself.
      await rm(this.#committed, { recursive: true, force: true });
      return;
    }
    await this.#objects.take(
      this.#committed,
      names.filter((name) => name !== tipsName),
    );
    const steps = await new TipFile(join(this.#committed, tipsName)).read();
    if (steps.size > 0) await this.#tips.write(new Map([...(await this.#tips.read()), ...steps]));
    await rm(this.#committed, { recursive: true });
  }

  /** Tips as they are, those included of a change that has taken effect and is not settled yet. */
  async #standing(): Promise<ReadonlyMap<Address, Address>> {
    const steps = await new TipFile(join(this.#committed, tipsName)).read();
    const tips = await this.#tips.read();
    return steps.size === 0 ? tips : new Map([...tips, ...steps]);
  }
}

/** No address has such a name. */
const tipsName = 'tips.json';
