import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  append,
  closure,
  linkTo,
  loadFrame,
  makeGenesis,
  spaceContract,
  storedBlob,
  type FrameObject,
  type Space,
  type SpaceChange,
} from '@cd-push/timeline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { folderSpace } from '../src/timelines/folder-space.ts';

let home: string;
let folder: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'cd-cli-space-'));
  folder = join(home, 'timelines');
});
afterEach(() => rmSync(home, { recursive: true }));

const swapOf = (to: FrameObject, from?: FrameObject) => ({
  timeline: to.timeline,
  from: from?.address,
  to: to.address,
});

const genesis = await makeGenesis({ shared: true });
const blob = await storedBlob('source');
const first = await append(genesis, { data: { n: 1 } });
const second = await append(first, { data: { source: linkTo(blob.address) } });
const firstSave: SpaceChange = { objects: [genesis, first], swaps: [swapOf(first)] };
const secondSave: SpaceChange = { objects: [second, blob], swaps: [swapOf(second, first)] };

/** How many objects there are from the tip of the timeline on; throws where one is missing or damaged. */
const objectsIn = async (space: Space): Promise<number> => {
  const tip = await space.tip(genesis.address);
  let objects = 0;
  for await (const _ of closure(space, tip === undefined ? [] : [tip])) objects += 1;
  return objects;
};

describe('the space in a folder', () => {
  test.each(spaceContract)('$title', { timeout: 60_000 }, async (rule) => {
    await expect(rule.run({ open: () => folderSpace(folder) })).resolves.toBeUndefined();
  });

  test('makes no folder where nothing is kept', async () => {
    const space = folderSpace(folder);
    expect(await space.tip(genesis.address)).toBeUndefined();
    expect(await space.has([genesis.address])).toEqual(new Set());
    expect(existsSync(folder)).toBe(false);
  });

  test('shows nobody else what is in it, and leaves nothing of its work behind', async () => {
    await folderSpace(folder).commit(firstSave);
    expect(statSync(folder).mode & 0o077).toBe(0);
    // SQLite makes the lock, in which there is nothing.
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
      ({ name }) => name !== 'lock',
    );
    expect(entries.length).toBeGreaterThan(4);
    for (const { parentPath, name } of entries) expect(statSync(join(parentPath, name)).mode & 0o077).toBe(0);
    expect(readdirSync(folder).toSorted()).toEqual(['lock', 'objects', 'tips.json']);
  });

  test('says which file is damaged, where the tips are', async () => {
    for (const text of ['{"half":', '[]', '{"a":"b"}', 'null', '']) {
      await folderSpace(folder).commit(firstSave);
      writeFileSync(join(folder, 'tips.json'), text);
      await expect(folderSpace(folder).tip(genesis.address)).rejects.toThrow(join(folder, 'tips.json'));
      await expect(folderSpace(folder).commit(secondSave)).rejects.toThrow(join(folder, 'tips.json'));
      rmSync(folder, { recursive: true });
    }
  });

  test('keeps nothing of a change for which there is no room, and takes the next one', async () => {
    const space = folderSpace(folder);
    await space.commit(firstSave);
    // A file that is too long to be named stands for any that cannot be written.
    const unwritable = { address: 'b'.repeat(300) as typeof blob.address, bytes: blob.bytes };
    await expect(
      space.commit({ objects: [...secondSave.objects, unwritable], swaps: secondSave.swaps }),
    ).rejects.toThrow(/ENAMETOOLONG/u);
    expect(await space.tip(genesis.address)).toBe(first.address);
    expect(await space.has([second.address, blob.address])).toEqual(new Set());
    expect(await space.commit(secondSave)).toEqual({ outcome: 'committed' });
    expect(await objectsIn(space)).toBe(4);
  });
});

describe('a process that was killed', () => {
  /** The folder as it is when the second save was gathered, but has not taken effect. */
  const gathered = async (): Promise<void> => {
    await folderSpace(folder).commit(firstSave);
    const other = join(home, 'other');
    await folderSpace(other).commit(
      secondSave.swaps.length === 0 ? firstSave : { ...secondSave, swaps: [swapOf(second)] },
    );
    mkdirSync(join(folder, 'staged'));
    for (const { address } of secondSave.objects)
      cpSync(fileOf(other, address), join(folder, 'staged', address));
    cpSync(join(other, 'tips.json'), join(folder, 'staged/tips.json'));
  };
  const fileOf = (place: string, address: string): string =>
    join(place, 'objects', address.slice(-3, -1), address);
  const takeEffect = (): void => renameSync(join(folder, 'staged'), join(folder, 'committed'));
  const moveToObjects = ({ address }: { readonly address: string }): void => {
    mkdirSync(join(fileOf(folder, address), '..'), { recursive: true });
    renameSync(join(folder, 'committed', address), fileOf(folder, address));
  };

  const before = { tip: first.address, objects: 2, has: 0 };
  const after = {
    tip: second.address,
    objects: 4,
    has: 2,
  };

  const states: readonly [string, () => void, typeof before][] = [
    ['while it gathered a change', () => rmSync(join(folder, 'staged', blob.address)), before],
    ['while it wrote a file of it', () => writeFileSync(join(folder, 'staged', blob.address), 's'), before],
    ['when it had gathered all of it', () => undefined, before],
    ['when it had taken effect', takeEffect, after],
    ['when a part was where it belongs', () => (takeEffect(), moveToObjects(blob)), after],
    [
      'when its objects were where they belong',
      () => (takeEffect(), secondSave.objects.forEach(moveToObjects)),
      after,
    ],
    [
      'when its tips were, too',
      () => {
        takeEffect();
        secondSave.objects.forEach(moveToObjects);
        cpSync(join(folder, 'committed/tips.json'), join(folder, 'tips.json'));
      },
      after,
    ],
    [
      'when it was just about to take away the rest',
      () => {
        takeEffect();
        secondSave.objects.forEach(moveToObjects);
        renameSync(join(folder, 'committed/tips.json'), join(folder, 'tips.json'));
      },
      after,
    ],
  ];

  test.each(states)(
    '%s leaves all of it or nothing, to readers and to who writes next',
    async (_when, reach, expected) => {
      await gathered();
      reach();
      const space = folderSpace(folder);
      const seen = async () => ({
        tip: await space.tip(genesis.address),
        objects: await objectsIn(space),
        has: (await space.has([second.address, blob.address])).size,
      });
      expect(await seen()).toEqual(expected);
      expect(await space.tips(undefined, 9)).toEqual([{ timeline: genesis.address, tip: expected.tip }]);

      const parent = await loadFrame(space, (await space.tip(genesis.address))!);
      const next = await append(parent, { data: { next: true } });
      expect(await space.commit({ objects: [next], swaps: [swapOf(next, parent)] })).toEqual({
        outcome: 'committed',
      });
      expect(await objectsIn(space)).toBe(expected.objects + 1);
      expect(readdirSync(folder).toSorted()).toEqual(['lock', 'objects', 'tips.json']);
      const kept = readdirSync(join(folder, 'objects'), { recursive: true, withFileTypes: true });
      expect(kept.filter((one) => one.isFile())).toHaveLength(expected.objects + 1);
    },
  );

  interface Told {
    readonly begins?: number;
    readonly saved?: number;
  }
  const savingProcess = (...args: readonly string[]): ChildProcess =>
    fork(join(import.meta.dirname, 'support/saving-process.ts'), [folder, ...args], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });

  test('at any moment has lost nothing that it was told is saved', { timeout: 120_000 }, async () => {
    let saved = 0;
    for (let life = 0; life < 12; life++) {
      const child = savingProcess();
      const ended = once(child, 'exit');
      let begun = 0;
      // Each life lasts a few saves more, and ends in the midst of one.
      child.on('message', ({ begins, saved: height }: Told) => {
        saved = Math.max(saved, height ?? 0);
        if (begins !== undefined && ++begun > life % 4) setImmediate(() => child.kill('SIGKILL'));
      });
      await ended;
      const space = folderSpace(folder);
      const tip = await space.tip(genesis.address);
      const height = tip === undefined ? 0 : (await loadFrame(space, tip)).height;
      expect(height).toBeGreaterThanOrEqual(saved);
      expect(await objectsIn(space)).toBe(tip === undefined ? 0 : 1 + 4 * height);
    }
    expect(saved).toBeGreaterThan(5);
  });

  test(
    'is no other process’s concern: several save into one timeline, and no save is lost',
    { timeout: 120_000 },
    async () => {
      const children = [savingProcess('8'), savingProcess('8'), savingProcess('8')];
      const codes = await Promise.all(children.map((child) => once(child, 'exit')));
      expect(codes.map(([code]) => Number(code))).toEqual([0, 0, 0]);
      const space = folderSpace(folder);
      expect((await loadFrame(space, (await space.tip(genesis.address))!)).height).toBe(24);
      expect(await objectsIn(space)).toBe(1 + 4 * 24);
      expect(readFileSync(join(folder, 'tips.json'), 'utf8')).toContain(genesis.address);
    },
  );
});
