import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';

import { connect, Publisher } from '@cd-push/client';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { RunningStack } from '../src/stack/start-stack.ts';
import { startFakeRuntime, type FakeRuntime } from './support/fake-runtime.ts';
import { stackFor } from './support/stack.ts';
import { cli, makeWorkshop, type Run, type RunOptions, type Workshop } from './support/workshop.ts';

let workshop: Workshop;
let stack: RunningStack & AsyncDisposable;
let till: FakeRuntime;
/** A file of its own for each test. */
let file: string;
let resource: string;
let count = 0;

beforeAll(async () => {
  workshop = makeWorkshop({ 'package.json': '{"name":"shop"}' });
  stack = await stackFor(workshop);
  till = await startFakeRuntime(stack.state, await stack.joinCode(), { name: 'till' });
});
afterAll(async () => {
  till.close();
  await stack.close();
  workshop[Symbol.dispose]();
});
beforeEach(() => {
  till.behave('complete');
  count += 1;
  file = `src/${count}/page.html`;
  resource = `/shop/${file}`;
});

const run = (args: readonly string[], options: Partial<RunOptions> = {}): Promise<Run> =>
  cli(args, { cwd: workshop.root, env: workshop.env, ...options });

/** Pushes files with these texts in one push, or as many as there are texts of the test's file, and gives the last guid. */
const push = async (...texts: readonly string[]): Promise<string> => {
  let guid = '';
  for (const text of texts) guid = await pushAll({ [file]: text });
  return guid;
};
const pushAll = async (files: Readonly<Record<string, string>>): Promise<string> => {
  for (const [path, text] of Object.entries(files)) workshop.write(path, text);
  const { json, stderr } = await run(['push', ...Object.keys(files), '--json']);
  if (json.at(-1)?.outcome !== 'reached') throw new Error(stderr);
  return json.at(-1)!.pushGuid!;
};
const rollback = (...args: readonly string[]): Promise<Run> => run(['rollback', ...args, '--yes', '--json']);

/** What the till got last: the text of each file, null where it is gone. */
const last = (): Record<string, string | null> => {
  const { statement, contents } = till.received.at(-1)!;
  if (statement.kind !== 'patch') throw new TypeError(statement.kind);
  return Object.fromEntries(
    statement.patches.map(({ resource: name }, index) => {
      const content = contents[index];
      return [name, content?.kind === 'text' ? content.text : null];
    }),
  );
};
const versions = async (name = resource): Promise<readonly Record<string, unknown>[]> =>
  (await run(['history', name, '--json'])).json.filter(({ type }) => type === 'version');

describe('rollback of a file', () => {
  test('brings the version before the one in place back, as a signed version like any other', async () => {
    await push('good', 'bad');
    const { code, json } = await rollback(file);
    expect(code).toBe(0);
    expect(json[0]).toMatchObject({
      type: 'plan',
      environment: 'development',
      pushes: 1,
      runtimes: [{ name: 'till', connected: true }],
      files: [{ resource, now: { name: 'v2' }, backTo: { name: 'v1' } }],
    });
    expect(json.filter(({ type }) => type === 'result')).toMatchObject([
      { outcome: 'reached', recipients: [{ stage: 'completed' }] },
    ]);
    expect(json.at(-1)).toMatchObject({ type: 'verified', overtaken: [] });
    expect(last()).toEqual({ [resource]: 'good' });
    const [third, second, first] = await versions();
    expect(third).toMatchObject({
      name: 'v3',
      inPlace: true,
      restores: first!.version,
      digest: first!.digest,
      predecessor: second!.digest,
      componentType: 'template',
    });
    expect(third!.version).toBeGreaterThan(Number(second!.version));
  });

  test('again goes further back instead of forth, until there is nothing before', async () => {
    await push('one', 'two', 'three');
    for (const text of ['two', 'one']) {
      expect((await rollback(file)).code).toBe(0);
      expect(last()).toEqual({ [resource]: text });
    }
    // Before its first version is what the deployment serves, if it serves anything.
    const { json } = await rollback(file);
    expect(json[0]).toMatchObject({ files: [{ backTo: null }] });
    expect(last()).toEqual({ [resource]: null });
    expect((await versions())[0]).toMatchObject({ change: 'delete', restores: 0, digest: null });
    const none = await rollback(file);
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('not taken back already') });
  });

  test('goes back over what was pushed as it was already', async () => {
    await push('one', 'two', 'two');
    expect((await rollback(file)).code).toBe(0);
    expect(last()).toEqual({ [resource]: 'one' });
  });

  test('goes to the version, the push, or the time that --to names', async () => {
    const first = await push('one');
    const [{ acceptedAt } = { acceptedAt: 0 }] = (await versions()) as { acceptedAt: number }[];
    await push('two', 'three');
    const [latest] = await versions();
    const goals = [
      ['v2', 'two'],
      [first.slice(0, 8), 'one'],
      [String(latest!.version), 'three'],
      [new Date(acceptedAt).toISOString(), 'one'],
    ] as const;
    for (const [goal, text] of goals) {
      expect(`${goal} ${(await rollback(file, '--to', goal)).code}`).toBe(`${goal} 0`);
      expect(last()).toEqual({ [resource]: text });
    }
    const shown = (await versions()).map(({ name }) => name);
    expect(shown).toEqual(['v7', 'v6', 'v5', 'v4', 'v3', 'v2', 'v1']);
  });

  test('does nothing where it is as it was', async () => {
    await push('one');
    const before = till.received.length;
    const { code, json, stderr } = await rollback(file, '--to', 'v1');
    expect(code).toBe(0);
    expect(json).toMatchObject([{ type: 'plan', files: [] }]);
    expect(stderr).toContain('nothing to roll back');
    expect(till.received.length).toBe(before);
  });

  test('--dry-run shows what would be done, and does nothing', async () => {
    await push('good', 'bad');
    const before = till.received.length;
    const dry = await run(['rollback', file, '--dry-run']);
    expect(dry.code).toBe(0);
    expect(dry.stderr).toMatch(
      new RegExp(
        `${resource} +v2 → v1 of \\d\\d:\\d\\d:\\d\\d, push \\w{8}\n.* in development, at till`,
        'u',
      ),
    );
    expect(till.received.length).toBe(before);
  });

  test('without a terminal and without --yes nothing is done: 1, and the way to do it', async () => {
    await push('good', 'bad');
    const before = till.received.length;
    const refused = await run(['rollback', file]);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('--yes') });
    expect(till.received.length).toBe(before);
  });

  test('on a terminal it asks, and does what is answered', async () => {
    await push('good', 'bad');
    const no = await run(['rollback', file], { isTTY: true, stdin: 'n\n' });
    expect(no.code).toBe(1);
    const yes = await run(['rollback', file], { isTTY: true, stdin: 'y\n' });
    expect(yes.code).toBe(0);
    expect(last()).toEqual({ [resource]: 'good' });
  });

  test('what makes no sense is said: 2', async () => {
    await push('one');
    for (const to of ['yesterday', '25:00', 'v0', '2999-01-01'])
      expect(`${to} ${(await rollback(file, '--to', to)).code}`).toBe(`${to} 2`);
    expect((await rollback(file, '--to', 'v9')).code).toBe(1);
    expect((await rollback('src', '--to', 'v1')).code).toBe(1);
    expect((await rollback(file, '--mode', 'hybrid')).code).toBe(2);
    expect((await rollback('src/never/pushed.ts')).code).toBe(1);
  });
});

describe('how a rollback ends', () => {
  test('where a recipient did not take it: 3', async () => {
    await push('good', 'bad');
    till.behave('fail');
    const { code, json } = await rollback(file);
    expect(code).toBe(3);
    expect(json.at(-1)).toMatchObject({ type: 'result', outcome: 'partial' });
  });

  test('where a recipient has not answered in time: 4, and it gets it when it returns', async () => {
    await push('good', 'bad');
    const kiosk = await startFakeRuntime(stack.state, await stack.joinCode(), { name: 'kiosk' });
    kiosk.close();
    const { code, json } = await rollback(file, '--timeout', '500ms');
    expect(code).toBe(4);
    expect(json.at(-1)).toMatchObject({ outcome: 'timeout' });
    const before = kiosk.received.length;
    await kiosk.comeBack();
    await kiosk.has(before + 1);
    await expect
      .poll(() => kiosk.received.some(({ statement }) => statement.pushGuid === json.at(-1)!.pushGuid))
      .toBe(true);
    kiosk.close();
    await run(['targets', 'remove', 'kiosk', '--yes']);
  });

  test('where somebody pushes while it is being decided upon: 6, and nothing is overwritten', async () => {
    await push('good', 'bad');
    const typed = new PassThrough();
    const asked = Promise.withResolvers<void>();
    const deciding = run(['rollback', file], {
      isTTY: true,
      stdin: typed,
      onTalk: (line) => (/ in development, at till/u.test(line) ? asked.resolve() : undefined),
    });
    await asked.promise;
    await push('better');
    typed.end('y\n');
    const { code, stderr } = await deciding;
    expect(code).toBe(6);
    expect(stderr).toMatch(new RegExp(`conflict: developer pushed ${resource} first`, 'u'));
    expect(last()).toEqual({ [resource]: 'better' });
  });
});

describe('rollback of a folder', () => {
  const names = (): { a: string; b: string; c: string } => {
    const folder = `src/${count}`;
    return { a: `${folder}/a.html`, b: `${folder}/b.html`, c: `${folder}/c.html` };
  };
  const named = (path: string): string => `/shop/${path}`;

  test('takes the latest push of what is in it back: as one push, all or nothing', async () => {
    const { a, b, c } = names();
    await pushAll({ [a]: 'a1', [b]: 'b1' });
    await pushAll({ [a]: 'a2' });
    await pushAll({ [b]: 'b2', [c]: 'c1' });
    const before = till.received.length;
    const { code, json } = await rollback(`src/${count}`);
    expect(code).toBe(0);
    expect(json[0]).toMatchObject({ pushes: 1, files: [{ resource: named(b) }, { resource: named(c) }] });
    expect(till.received.length).toBe(before + 1);
    // What came since is gone.
    expect(last()).toEqual({ [named(b)]: 'b1', [named(c)]: null });
    expect((await rollback(`src/${count}`)).code).toBe(0);
    expect(last()).toEqual({ [named(a)]: 'a1' });
  });

  test('to a push brings all of it to how that push left it, deleted files as well', async () => {
    const { a, b, c } = names();
    await pushAll({ [a]: 'a1', [b]: 'b1' });
    const guid = await pushAll({ [a]: 'a2' });
    await pushAll({ [a]: 'a3', [c]: 'c1' });
    rmSync(join(workshop.root, b));
    const gone = await run(['replay', guid, '--yes']);
    expect(gone.code).toBe(0);
    const { code, json } = await rollback(`src/${count}`, '--to', guid.slice(0, 8));
    expect(code).toBe(0);
    // It is as it was already, but under a later version.
    expect(json[0]).toMatchObject({ files: [{ resource: named(c), backTo: null }] });
    expect(last()).toEqual({ [named(c)]: null });
  });

  test('undoes renames, with what runs of the file', async () => {
    const { a, b } = names();
    await pushAll({ [a]: 'a1' });
    const connection = connect({ relayUrl: stack.state.relayUrl, session: stack.session });
    const publisher = new Publisher({ connection, session: stack.session });
    const renamed = { change: 'rename', componentType: 'template', content: 'a2' } as const;
    const pushed = publisher.push({
      environment: 'development',
      targets: [{ select: { module: 'shop' } }],
      patches: [{ ...renamed, resource: named(b), from: named(a) }],
    });
    await pushed.settled('completed');
    publisher.close();
    connection.close();
    const { code, json } = await rollback(`src/${count}`);
    expect(code).toBe(0);
    expect(json[0]).toMatchObject({ files: [{ resource: named(a), renamedFrom: named(b) }] });
    const { statement } = till.received.at(-1)!;
    expect(statement).toMatchObject({
      patches: [{ change: 'rename', resource: named(a), from: named(b), restores: expect.any(Number) }],
    });
    expect(last()).toEqual({ [named(a)]: 'a1' });
    expect((await versions(named(b)))[0]).toMatchObject({ change: 'rename', to: named(a), digest: null });
  });

  test('is named as a resource as well, of a folder that is not on the disk', async () => {
    const { a } = names();
    await pushAll({ [a]: 'a1' });
    await pushAll({ [a]: 'a2' });
    rmSync(join(workshop.root, `src/${count}`), { recursive: true });
    expect((await rollback(`/shop/src/${count}/`)).code).toBe(0);
    expect(last()).toEqual({ [named(a)]: 'a1' });
  });
});

test('--targets brings it to those alone', async () => {
  const kiosk = await startFakeRuntime(stack.state, await stack.joinCode(), { name: 'kiosk' });
  await push('good', 'bad');
  const [ofTill, ofKiosk] = [till.received.length, kiosk.received.length];
  const { code, json } = await rollback(file, '--targets', 'kiosk');
  expect(code).toBe(0);
  expect(json[0]).toMatchObject({ targets: [{ guid: kiosk.guid }] });
  expect([till.received.length - ofTill, kiosk.received.length - ofKiosk]).toEqual([0, 1]);
  kiosk.close();
});
