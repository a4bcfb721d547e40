import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { buildBase, type Base } from '../src/transform/base.ts';
import { ignoreTooling } from '../src/transform/project-scan.ts';
import { FolderWatcher } from '../src/watch/folder-watcher.ts';
import { gitFolderOf } from '../src/watch/git-folder.ts';
import { SaveQueue, type Saved } from '../src/watch/save-queue.ts';
import { makeWorkshop, type Workshop } from './support/workshop.ts';

let workshop: Workshop;
let stop: (() => void) | undefined;

beforeEach(() => {
  workshop = makeWorkshop({
    'src/a.ts': 'export const a = 1;\n',
    'src/b.ts': 'export const b = 1;\n',
    'src/deep/er/c.html': '<p>1</p>\n',
    'node_modules/x/index.js': '',
  });
});
afterEach(() => {
  vi.useRealTimers();
  stop?.();
  workshop[Symbol.dispose]();
});

interface Watched {
  readonly base: Base;
  readonly watcher: FolderWatcher;
  /** The next thing that would be pushed. */
  readonly next: () => Promise<Saved>;
  /** Resolves when something was seen and looked at, from now on. */
  readonly seen: () => Promise<void>;
}

const watch = (): Watched => {
  const { root } = workshop;
  const base = buildBase(root, 'shop');
  const queue = new SaveQueue({ base, root, gitFolder: gitFolderOf(root) });
  let tellSeen = (): void => {};
  const watcher = new FolderWatcher({
    root,
    ignore: ignoreTooling,
    onEvent: (path) => {
      queue.add(path);
      tellSeen();
    },
    onError: (error) => {
      throw error;
    },
  });
  stop = () => {
    watcher.close();
    queue.close();
  };
  const saves = queue[Symbol.asyncIterator]();
  return {
    base,
    watcher,
    next: async () => {
      const { value } = await saves.next();
      if (value === undefined) throw new Error('The queue was closed.');
      return value;
    },
    seen: async () => {
      await new Promise<void>((resolve) => {
        tellSeen = resolve;
      });
      await nextTurn();
    },
  };
};

/** Time stands still from now on: what waits for a timer never comes. */
const stopTime = (): void => void vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'Date'] });

const changesOf = ({ update }: Saved): string[] =>
  update.changes
    .map((change) =>
      change.change === 'delete'
        ? `delete ${change.resource}`
        : change.change === 'rename'
          ? `rename ${change.from} ${change.entry.resource}`
          : `put ${change.entry.resource}`,
    )
    .toSorted();

const file = (path: string): string => join(workshop.root, path);

test('one save waits for no timer', async () => {
  const { next } = watch();
  stopTime();
  writeFileSync(file('src/a.ts'), 'export const a = 2;\n');
  expect(changesOf(await next())).toEqual(['put /shop/src/a.ts']);
});

test('a save by replacing the file is a save, and so is the next one', async () => {
  const { next } = watch();
  for (const value of [2, 3]) {
    writeFileSync(file('src/.a.ts.draft'), `export const a = ${value};\n`);
    renameSync(file('src/.a.ts.draft'), file('src/a.ts'));
    expect(changesOf(await next())).toEqual(['put /shop/src/a.ts']);
  }
});

test('an editor that moves the old file away and writes a new one pushes no deletion', async () => {
  const { next, seen } = watch();
  stopTime();
  const saved = next();
  renameSync(file('src/a.ts'), file('src/.a.ts.backup'));
  await seen();
  writeFileSync(file('src/a.ts'), 'export const a = 2;\n');
  rmSync(file('src/.a.ts.backup'));
  expect(changesOf(await saved)).toEqual(['put /shop/src/a.ts']);
});

test('a file that is emptied and then filled is pushed once, full', async () => {
  const { next, seen, base } = watch();
  stopTime();
  const saved = next();
  const handle = openSync(file('src/a.ts'), 'w');
  await seen();
  writeSync(handle, 'export const a = 2;\n');
  closeSync(handle);
  expect(changesOf(await saved)).toEqual(['put /shop/src/a.ts']);
  expect(base.entry('/shop/src/a.ts')?.content).toContain('2');
});

test('a file that is left empty is pushed empty', async () => {
  const { next } = watch();
  writeFileSync(file('src/deep/er/c.html'), '');
  expect(changesOf(await next())).toEqual(['put /shop/src/deep/er/c.html']);
});

test('a half-written file is not called faulty when its rest follows', async () => {
  const { next, seen } = watch();
  stopTime();
  const coming = next();
  writeFileSync(file('src/a.ts'), 'export const a = [1,');
  await seen();
  appendFileSync(file('src/a.ts'), ' 2];\n');
  const saved = await coming;
  expect(saved.update.problems).toEqual([]);
  expect(changesOf(saved)).toEqual(['put /shop/src/a.ts']);
});

test('a faulty file is told, and pushes nothing', async () => {
  const { next } = watch();
  writeFileSync(file('src/a.ts'), 'export const = 1;\n');
  const saved = await next();
  expect(changesOf(saved)).toEqual([]);
  expect(saved.update.problems).toMatchObject([
    { kind: 'invalid-patch', resource: '/shop/src/a.ts', line: 1 },
  ]);
});

test('two hundred files written in a row are one push', async () => {
  const { next } = watch();
  for (let index = 0; index < 200; index += 1)
    writeFileSync(file(`src/f${index}.ts`), `export const f = ${index};\n`);
  expect((await next()).update.changes).toHaveLength(200);
});

test('the switch of a branch is one push: new, changed, moved and removed files together', async () => {
  const git = (...args: string[]) =>
    execFileSync(
      'git',
      ['-c', 'user.email=a@b.c', '-c', 'user.name=a', '-c', 'init.defaultBranch=main', ...args],
      {
        cwd: workshop.root,
        stdio: 'pipe',
      },
    );
  workshop.write('.gitignore', 'node_modules\n');
  for (let index = 0; index < 100; index += 1)
    workshop.write(`src/many/f${index}.ts`, `export const f = ${index};\n`);
  git('init');
  git('add', '.');
  git('commit', '-m', 'one');
  git('checkout', '-b', 'other');
  for (let index = 0; index < 100; index += 1)
    workshop.write(`src/many/f${index}.ts`, `export const f = ${index} + 1;\n`);
  workshop.write('src/new/file.html', '<p>new</p>\n');
  rmSync(file('src/b.ts'));
  git('add', '-A');
  git('commit', '-m', 'two');
  git('checkout', 'main');
  const { next } = watch();
  git('checkout', 'other');
  const saved = await next();
  expect(saved.update.changes).toHaveLength(102);
  expect(changesOf(saved)).toContain('delete /shop/src/b.ts');
  expect(changesOf(saved)).toContain('put /shop/src/new/file.html');
});

test('a file in a new folder is seen, however soon it follows', async () => {
  const { next } = watch();
  mkdirSync(file('src/new/folder'), { recursive: true });
  writeFileSync(file('src/new/folder/d.html'), '<p>d</p>\n');
  expect(changesOf(await next())).toEqual(['put /shop/src/new/folder/d.html']);
  writeFileSync(file('src/new/folder/d.html'), '<p>e</p>\n');
  expect(changesOf(await next())).toEqual(['put /shop/src/new/folder/d.html']);
});

test('a moved folder is a rename of each of its files, and is still watched', async () => {
  const { next, watcher } = watch();
  const folders = watcher.size;
  renameSync(file('src/deep'), file('src/other'));
  expect(changesOf(await next())).toEqual(['rename /shop/src/deep/er/c.html /shop/src/other/er/c.html']);
  expect(watcher.size).toBe(folders);
  writeFileSync(file('src/other/er/c.html'), '<p>2</p>\n');
  expect(changesOf(await next())).toEqual(['put /shop/src/other/er/c.html']);
});

test('a removed file is a deletion', async () => {
  const { next } = watch();
  rmSync(file('src/b.ts'));
  expect(changesOf(await next())).toEqual(['delete /shop/src/b.ts']);
});

test('what changes back before anyone looked is no push', async () => {
  const { next } = watch();
  writeFileSync(file('src/a.ts'), 'export const a = 1;\n');
  writeFileSync(file('node_modules/x/index.js'), 'changed');
  writeFileSync(file('.env'), 'SECRET=1');
  writeFileSync(file('src/b.ts'), 'export const b = 2;\n');
  expect(changesOf(await next())).toEqual(['put /shop/src/b.ts']);
});

test('a draft that a tool renames over the file is no push of its own, though it was seen', async () => {
  const { base, next } = watch();
  // Seen and taken in, as it lies there, before it is renamed.
  const taken = base.update.bind(base);
  vi.spyOn(base, 'update').mockImplementation((paths) => {
    const update = taken(paths);
    if (update.changes.length > 0 && base.entry('/shop/src/draft.ts') !== undefined)
      renameSync(file('src/draft.ts'), file('src/a.ts'));
    return update;
  });
  writeFileSync(file('src/draft.ts'), 'export const a = 2;\n');
  expect(changesOf(await next())).toEqual(['put /shop/src/a.ts']);
  expect(base.entry('/shop/src/a.ts')?.content).toContain('2');
});

test('a draft that becomes a new file is a push of that file alone', async () => {
  const { base, next } = watch();
  const taken = base.update.bind(base);
  vi.spyOn(base, 'update').mockImplementation((paths) => {
    const update = taken(paths);
    if (base.entry('/shop/src/draft.ts') !== undefined && base.entry('/shop/src/new.ts') === undefined)
      renameSync(file('src/draft.ts'), file('src/new.ts'));
    return update;
  });
  writeFileSync(file('src/draft.ts'), 'export const a = 2;\n');
  expect(changesOf(await next())).toEqual(['put /shop/src/new.ts']);
});

test('a new file that is gone by the time that its push is ready was never one, whether that was heard or not', async () => {
  const { root } = workshop;
  const base = buildBase(root, 'shop');
  const queue = new SaveQueue({ base, root });
  stop = () => queue.close();
  const taken = base.update.bind(base);
  vi.spyOn(base, 'update').mockImplementation((paths) => {
    const update = taken(paths);
    rmSync(file('src/draft.ts'), { force: true });
    return update;
  });
  writeFileSync(file('src/draft.ts'), 'export const a = 2;\n');
  writeFileSync(file('src/b.ts'), 'export const b = 2;\n');
  queue.add('src/draft.ts');
  queue.add('src/b.ts');
  const { value } = await queue[Symbol.asyncIterator]().next();
  expect(value && changesOf(value)).toEqual(['put /shop/src/b.ts']);
  expect(base.entry('/shop/src/draft.ts')).toBe(undefined);
});
