import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

import { connect, Publisher, type PatchInput } from '@cd-push/client';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { RunningStack } from '../src/stack/start-stack.ts';
import { explainConflict } from '../src/sync/explain-conflict.ts';
import { nextJson } from '../src/talk/next-json.ts';
import { startFakeRuntime, type FakeRuntime } from './support/fake-runtime.ts';
import { stackFor } from './support/stack.ts';
import { startWatch } from './support/watching.ts';
import { cli, makeWorkshop, type Run, type RunOptions, type Workshop } from './support/workshop.ts';

let workshop: Workshop;
let stack: RunningStack & AsyncDisposable;
let till: FakeRuntime;
/** Names of their own for each test. */
let count = 0;
let file: string;
let resource: string;

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
  count += 1;
  file = `src/${count}.ts`;
  resource = `/shop/${file}`;
});

const run = (args: readonly string[], options: Partial<RunOptions> = {}): Promise<Run> =>
  cli(args, { cwd: workshop.root, env: workshop.env, ...options });
const push = async (text: string, path = file): Promise<string> => {
  workshop.write(path, text);
  const { json, stderr } = await run(['push', path, '--json']);
  if (json.at(-1)?.outcome !== 'reached') throw new Error(stderr);
  return json.at(-1)!.pushGuid!;
};
/** Pushes what another sender made, which says nothing of how it was saved. */
const pushMade = async (patch: PatchInput): Promise<void> => {
  const connection = connect({ relayUrl: stack.state.relayUrl, session: stack.session });
  const publisher = new Publisher({ connection, session: stack.session });
  const targets = [{ select: { module: 'shop' } }];
  const answer = await publisher.push({ environment: 'development', targets, patches: [patch] }).accepted;
  publisher.close();
  connection.close();
  if (!answer.status) throw new Error(JSON.stringify(answer.error));
};

describe('history of a file', () => {
  test('lists its versions: when, what was done, where it took effect, and which one is in place', async () => {
    const first = await push('export const a = 1;\n');
    await push('export const a = 2;\n');
    await run(['rollback', file, '--yes']);
    const { code, stdout } = await run(['history', file]);
    expect(code).toBe(0);
    const rows = stdout.trimEnd().split('\n');
    expect(rows[0]).toMatch(/^VERSION +WHEN +CHANGE +SIZE +OUTCOME +REACHED +PUSH$/u);
    expect(rows[1]).toMatch(/^v3 +in place +\d\d:\d\d:\d\d +back to v1 +\d+ B +completed +1 of 1 +\w{8}$/u);
    expect(rows[2]).toMatch(/^v2 +\d\d:\d\d:\d\d +put/u);
    expect(rows[3]).toContain(first.slice(0, 8));
    expect(rows).toHaveLength(4);
  });

  test('as data has every fact of each version, and goes on page by page', async () => {
    for (const number of [1, 2, 3]) await push(`export const a = ${number};\n`);
    const { json } = await run(['history', resource, '--limit', '2', '--json']);
    expect(json).toMatchObject([
      {
        type: 'version',
        relay: 'local',
        name: 'v3',
        resource,
        inPlace: true,
        stored: true,
        outcome: 'completed',
      },
      {
        type: 'version',
        name: 'v2',
        change: 'put',
        digest: expect.stringMatching(/^sha256-/u),
        bytes: expect.any(Number),
      },
      { type: 'page', versions: 2, next: expect.any(Number) },
    ]);
    const { next } = json.at(-1)!;
    const rest = await run(['history', file, '--before', String(next), '--json']);
    expect(rest.json).toMatchObject([{ name: 'v1' }, { type: 'page', next: null }]);
    expect((await run(['history', file, '--limit', '2'])).stderr).toContain(`--before ${String(next)}`);
  });

  test('is of a file that is not on the disk any more as well; of a folder, its pushes', async () => {
    const guid = await push('export const a = 1;\n', `src/${count}/a.ts`);
    rmSync(join(workshop.root, `src/${count}`), { recursive: true });
    expect((await run(['history', `src/${count}/a.ts`, '--json'])).json[0]).toMatchObject({ name: 'v1' });
    const { json } = await run(['history', `src/${count}`, '--json']);
    expect(json).toMatchObject([{ type: 'push', pushGuid: guid }, { type: 'page' }]);
    expect((await run(['history', 'src/none.ts'])).stderr).toContain('No push that you may see fits.');
  });

  test('with what narrows pushes it lists the pushes of that file', async () => {
    const guid = await push('export const a = 1;\n');
    const { json } = await run(['history', file, '--outcome', 'completed', '--json']);
    expect(json).toMatchObject([{ type: 'push', pushGuid: guid }, { type: 'page' }]);
  });
});

describe('diff', () => {
  const lines = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight'];
  const code = (changed: readonly string[]): string =>
    changed.map((name) => `export const ${name}: string = '${name}';\n`).join('');

  test('compares the version in place with the one before it, as the files were saved', async () => {
    await push(code(lines));
    await push(code(lines.with(3, 'vier')));
    const { stdout, stderr, code: exitCode } = await run(['diff', file]);
    expect(exitCode).toBe(0);
    expect(stderr).toBe('');
    expect(stdout.split('\n').map((line) => line.replace(/ \d\d:\d\d:\d\d$/u, ''))).toEqual([
      `--- ${resource} v1`,
      `+++ ${resource} v2`,
      '@@ -1,7 +1,7 @@',
      ...['one', 'two', 'three'].map((name) => ` export const ${name}: string = '${name}';`),
      "-export const four: string = 'four';",
      "+export const vier: string = 'vier';",
      ...['five', 'six', 'seven'].map((name) => ` export const ${name}: string = '${name}';`),
      '',
    ]);
  });

  test('with --pushed compares what was pushed, which is made of it', async () => {
    await push(code(['one']));
    await push(code(['two']));
    const { stdout } = await run(['diff', file, '--pushed']);
    expect(stdout).not.toContain(': string');
    expect(stdout).toContain('-const one = "one";\n');
    const { json } = await run(['diff', file, '--json']);
    expect(json).toMatchObject([
      { type: 'diff', form: 'source', added: 1, removed: 1, from: { name: 'v1' } },
    ]);
  });

  test('compares with what is on the disk, whether it could be pushed or not', async () => {
    await push(code(['one']));
    expect((await run(['diff', file, '--to', 'disk'])).stderr).toContain('v1 and disk');
    workshop.write(file, 'export const = 1;\n');
    const { stdout } = await run(['diff', file, '--to', 'disk']);
    expect(stdout).toContain('+export const = 1;\n');
    const pushed = await run(['diff', file, '--to', 'disk', '--pushed']);
    expect(pushed).toMatchObject({ code: 1, stderr: expect.stringContaining('invalid-patch') });
    rmSync(join(workshop.root, file));
    expect((await run(['diff', file, '--to', 'disk'])).stdout).toContain(
      "-export const one: string = 'one';",
    );
  });

  test('of what is no text shows sizes and digests', async () => {
    const asset = { change: 'put', resource: `/shop/${count}.png`, componentType: 'asset' } as const;
    await pushMade({ ...asset, content: new Uint8Array([0, 1, 2]) });
    await pushMade({ ...asset, content: new Uint8Array([0, 1, 2, 3]) });
    const { stdout, stderr } = await run(['diff', asset.resource]);
    expect(stdout).toMatch(/^v1 +3 B +sha256-\S+\nv2 +4 B +sha256-\S+\n$/u);
    expect(stderr).toContain('no text');
    expect((await run(['diff', asset.resource, '--json'])).json).toMatchObject([
      { reason: 'binary', diff: null },
    ]);
  });

  test('shows a file that came or went as a whole', async () => {
    await push(code(['one']));
    expect((await run(['diff', file])).stdout).toContain(`--- ${resource} nothing\n`);
    await run(['rollback', file, '--yes']);
    const { stdout } = await run(['diff', file]);
    expect(stdout).toContain("-export const one: string = 'one';");
    expect(stdout).toContain('@@ -1,1 +0,0 @@');
  });

  test('is coloured on a terminal alone, and does nothing to it that a file may hold', async () => {
    await push("export const a = 'plain';\n");
    await push("export const a = '\u001B[2J';\n");
    const piped = await run(['diff', file]);
    expect(piped.stdout).toContain('\u001B[2J');
    const shown = await run(['diff', file], { isTTY: true });
    expect(shown.stdout).toContain('\u001B[32m+');
    expect(stripVTControlCharacters(shown.stdout)).toContain("+export const a = '\\u001b[2J';");
    expect(shown.stdout).not.toContain('\u001B[2J');
  });

  test('says what there is not: 1, and what makes no sense: 2', async () => {
    await push(code(['one']));
    expect(await run(['diff', file, '--from', 'v7'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`cd-cli history ${resource}`),
    });
    expect((await run(['diff', 'src/none.ts'])).code).toBe(1);
    expect((await run(['diff', file, '--from', 'first'])).code).toBe(2);
    expect((await run(['diff', file, '--mode', 'hybrid'])).code).toBe(2);
  });
});

describe('after a rollback, what is on the disk is still what was taken back', () => {
  const code = (first: string, last: string): string =>
    `export const first = '${first}';\n\nexport const middle = 1;\n\nexport const last = '${last}';\n`;
  const running = (): string | undefined => {
    const content = till.received.at(-1)?.contents[0];
    return content?.kind === 'text' ? content.text : undefined;
  };

  test('and a watcher does not push it with the next save: that is made upon what is in place', async () => {
    await push(code('good', 'one'));
    const watching = await startWatch(workshop);
    workshop.write(file, code('bad', 'one'));
    await watching.line(({ type, outcome }) => type === 'result' && outcome === 'reached');
    expect((await run(['rollback', file, '--yes'])).code).toBe(0);
    await watching.line((line) => line.type === 'behind' && line['resource'] === resource);

    const received = till.received.length;
    workshop.write(file, code('bad', 'two'));
    expect(await watching.line(({ type }) => type === 'merged')).toMatchObject({ resource });
    await till.has(received + 1);
    expect(running()).toContain('"good"');
    expect(running()).toContain('"two"');
    expect(running()).not.toContain('"bad"');
    await watching.stop();
  });

  test('and before its first version nobody knows here what there was: the file stays, and its next save is for people', async () => {
    await push(code('bad', 'one'));
    const watching = await startWatch(workshop, { args: ['--json', '--accept-edits'] });
    expect((await run(['rollback', file, '--yes'])).code).toBe(0);
    await watching.line((line) => line.type === 'behind' && line['resource'] === resource);
    expect(readFileSync(join(workshop.root, file), 'utf8')).toBe(code('bad', 'one'));
    workshop.write(file, code('bad', 'two'));
    await watching.line((line) => line.type === 'conflict' && line['resource'] === resource);
    await watching.stop();
    expect((await run(['push', file])).code).toBe(0);
    expect(running()).toContain('"two"');
  });

  test('and pushing it by hand while another is at it is a conflict, which says who rolled back and what can be done', async () => {
    await push(code('good', 'one'));
    await push(code('bad', 'one'));
    const connection = connect({ relayUrl: stack.state.relayUrl, session: stack.session });
    const publisher = new Publisher({ connection, session: stack.session });
    await publisher.prepare('development', [resource]);
    expect((await run(['rollback', file, '--yes'])).code).toBe(0);
    const answer = await publisher.push({
      environment: 'development',
      targets: [{ select: { module: 'shop' } }],
      patches: [{ change: 'put', resource, componentType: 'module', content: 'bad still' }],
    }).accepted;
    publisher.close();
    if (answer.status) throw new TypeError('It was taken.');
    const line = { connection, session: stack.session };
    const explained = await explainConflict(line, 'development', answer.error);
    expect(explained.sentence).toMatch(
      new RegExp(
        `^conflict: developer rolled ${resource} back to the version of .*, push \\w{8}\\. What is here`,
        'u',
      ),
    );
    expect(nextJson(explained.next)).toMatchObject({ next: `cd-cli diff ${resource} --to disk` });
    connection.close();
  });
});
