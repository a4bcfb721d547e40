import { cpSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { credentialFolder } from '../src/credentials/config-folder.ts';
import type { RunningStack } from '../src/stack/start-stack.ts';
import { startFakeRuntime, type FakeRuntime } from './support/fake-runtime.ts';
import { stackFor } from './support/stack.ts';
import { cli, makeWorkshop, type Workshop } from './support/workshop.ts';

let workshop: Workshop;
let here: RunningStack & AsyncDisposable;
let there: RunningStack & AsyncDisposable;
let till: FakeRuntime;
let kiosk: FakeRuntime;

beforeAll(async () => {
  workshop = makeWorkshop({ 'package.json': '{"name":"shop"}', 'src/page.html': '<p>hello</p>\n' });
  here = await stackFor(workshop);
  there = await stackFor(workshop, join(workshop.home, 'elsewhere'));
  // Signed in there, as `login` leaves it.
  cpSync(there.state.credentials!, credentialFolder(workshop.env, there.state.apiUrl), { recursive: true });
  till = await startFakeRuntime(here.state, await here.joinCode(), { name: 'till' });
  kiosk = await startFakeRuntime(there.state, await there.joinCode(), { name: 'kiosk' });
});
afterAll(async () => {
  till.close();
  kiosk.close();
  await here.close();
  await there.close();
  workshop[Symbol.dispose]();
});

const push = (mode: string, ...args: string[]) =>
  cli(['push', 'runtime', 'src/page.html', `--mode=${mode}`, '--json', ...args], {
    cwd: workshop.root,
    env: { ...workshop.env, CD_PUSH_API_URL: there.state.apiUrl },
  });

const countsAfter = async (run: () => Promise<unknown>): Promise<[number, number]> => {
  const before = [till.received.length, kiosk.received.length] as const;
  await run();
  return [till.received.length - before[0], kiosk.received.length - before[1]];
};

test('local reaches the runtimes of the stack here alone', async () => {
  expect(await countsAfter(() => push('local'))).toEqual([1, 0]);
});

test('remote reaches those of the configured relay alone, whose address the api tells', async () => {
  expect(await countsAfter(() => push('remote'))).toEqual([0, 1]);
});

test('hybrid reaches both, with one push and one track', async () => {
  const { code, json } = await push('hybrid');
  expect(code).toBe(0);
  const result = json.at(-1)!;
  expect(result).toMatchObject({ outcome: 'reached', commTrack: { completed: true } });
  expect(result.recipients).toMatchObject([
    { name: 'till', relay: 'local', stage: 'completed' },
    { name: 'kiosk', relay: 'remote', stage: 'completed' },
  ]);
  expect(till.received.at(-1)!.statement.pushGuid).toBe(result.pushGuid);
  expect(kiosk.received.at(-1)!.statement.pushGuid).toBe(result.pushGuid);
  const tracked = await cli(['track', result.pushGuid!, '--mode=hybrid', '--json'], {
    cwd: workshop.root,
    env: { ...workshop.env, CD_PUSH_API_URL: there.state.apiUrl },
  });
  expect(tracked.json).toMatchObject([{ relay: 'local' }, { relay: 'remote' }]);
});

test('a recipient that fails behind one of two relays makes it partial', async () => {
  kiosk.behave('fail');
  const { code, json } = await push('hybrid');
  kiosk.behave('complete');
  expect(code).toBe(3);
  expect(json.at(-1)!.recipients).toMatchObject([{ stage: 'completed' }, { name: 'kiosk', stage: 'failed' }]);
});

test('a target that only one of the relays knows is reached through it', async () => {
  const { code, json } = await push('hybrid', '--target', kiosk.guid);
  expect(code).toBe(0);
  expect(json.at(-1)!.recipients).toMatchObject([{ name: 'kiosk', relay: 'remote' }]);
});

test('a target that neither knows is no recipient', async () => {
  const { code } = await push('hybrid', '--target', 'nobody');
  expect(code).toBe(1);
});
