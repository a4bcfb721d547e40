import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { startApi } from '@cd-push/api';
import { silentLog, startRelay } from '@cd-push/relay';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { Program } from '../demo/program.ts';
import { readState } from '../demo/service.ts';
import { makeWorkplace, type Workplace } from '../demo/workplace.ts';
import { startOtherApi } from './support/other-api.ts';
import { run, type Ended } from './support/run.ts';

const packages = join(import.meta.dirname, '../node_modules/@cd-push');
const cliFile = join(packages, 'cli/dist/main.js');
const runtimeFile = join(packages, 'shell-runtime/dist/node/main.js');
const serviceCredential = { id: 'relay', secret: 'a service secret of more than 32 characters' };
const password = 'correct horse battery staple';
const grants = [{ prefix: '/hello-shell', environments: ['development'] }];
const file = 'src/greeting.ts';
/** Ends what hangs. */
const startMs = 60_000;

/** One machine of somebody's: what is signed in there is an identity of its own. */
type Machine = Readonly<Record<string, string | undefined>>;

let owner: AsyncDisposableStack;
let place: Workplace;
let apiUrl: string;
let relayUrl: string;
let ada: Machine;
let adaAtHome: Machine;
let bob: Machine;
let service: Program;
let serviceUrl: string;

const machine = (name: string, relay: string): Machine => ({
  ...process.env,
  CD_PUSH_CONFIG_HOME: join(place.home, name),
  CD_PUSH_API_URL: apiUrl,
  CD_PUSH_RELAY_URL: relay,
  CD_PUSH_SYNC_MODE: 'remote',
});
const cli = (env: Machine, args: readonly string[], stdin = ''): Promise<Ended> =>
  run([cliFile, ...args], { cwd: place.project, env, stdin });
const well = async (env: Machine, args: readonly string[], stdin = ''): Promise<Ended> => {
  const ended = await cli(env, args, stdin);
  expect({ code: ended.code, stderr: ended.stderr }).toMatchObject({ code: 0 });
  return ended;
};
const lastOf = ({ lines }: Ended): unknown => JSON.parse(lines.at(-1) ?? 'null');
const greet = async (): Promise<string> => (await readState(serviceUrl, 'Ada')).greeting;

/** The service at a relay; a join code is looked at the first time alone. */
const startService = async (relay: string, joinCode: string): Promise<void> => {
  const options = {
    base: join(place.data, 'built'),
    entry: '/hello-shell/service/main.ts',
    api: apiUrl,
    relay,
    state: join(place.home, 'service'),
    project: place.project,
    name: 'greeter',
  };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  service = new Program({
    name: 'cd-node-runtime',
    args: [runtimeFile, ...args],
    cwd: place.project,
    env: { ...process.env, CD_PUSH_JOIN_CODE: joinCode },
  });
  serviceUrl = await service.find((line) => /http:\S+/u.exec(line)?.[0], 'its address', startMs);
};

const startRelayAt = async (api: string): Promise<string> => {
  const relay = await startRelay({
    port: 0,
    apiUrl: api,
    serviceCredential,
    allowedOrigins: [],
    journal: { kind: 'memory' },
    logger: silentLog,
  });
  owner.defer(() => relay.close());
  return relay.url;
};

beforeAll(async () => {
  owner = new AsyncDisposableStack();
  place = await makeWorkplace();
  owner.defer(() => place.remove());
  const options = {
    dataFile: join(place.home, 'api.sqlite'),
    serviceCredential,
    logLevel: 'silent' as const,
  };
  const roles = ['developer' as const];
  // Users are made by an admin; a seed is the shorter way, one at a start.
  await (await startApi({ ...options, seed: { userName: 'bob', password, roles, grants } })).close();
  const api = await startApi({ ...options, seed: { userName: 'ada', password, roles, grants } });
  owner.defer(() => api.close());
  apiUrl = api.url;
  relayUrl = await startRelayAt(apiUrl);
  [ada, adaAtHome, bob] = [machine('ada', relayUrl), machine('ada-home', relayUrl), machine('bob', relayUrl)];
  for (const [env, name] of [
    [ada, 'ada'],
    [adaAtHome, 'ada'],
    [bob, 'bob'],
  ] as const)
    await well(env, ['login', apiUrl, '--user', name], password);
  await well(ada, ['build', '--out', join(place.data, 'built'), '--api-url', apiUrl]);
  const made = await well(ada, ['join-code', '--approvals', '1', '--json']);
  const { code = '' } = lastOf(made) as { code?: string };
  await startService(relayUrl, code);
  owner.defer(() => service[Symbol.asyncDispose]());
  const joined = async (): Promise<boolean> =>
    (await well(ada, ['targets', '--json'])).lines.join().includes('"connected":true');
  await vi.waitUntil(joined, startMs);
});
afterAll(() => owner.disposeAsync());

const save = (greeting: string): void => {
  const path = join(place.project, file);
  writeFileSync(path, readFileSync(path, 'utf8').replace(/`.*`/u, `\`${greeting}\``));
};

describe('[APPROVE-8] a service that asks for another person’s approval', () => {
  test('runs what one proposes and another approves, and nothing before that', async () => {
    const before = await greet();
    save('Good day.');
    const refused = await cli(ada, ['push', file, '--json']);
    expect(refused.code).toBe(1);
    expect(lastOf(refused)).toMatchObject({
      outcome: 'refused',
      problem: { kind: 'approval-needed' },
      next: `cd-cli push ${file} --json --propose`,
    });

    const proposed = lastOf(await well(ada, ['push', file, '--propose', '--json']));
    const { pushGuid = '' } = proposed as { pushGuid?: string };
    for (const own of [ada, adaAtHome]) {
      const answer = await cli(own, ['approve', pushGuid, '--yes', '--json']);
      expect(answer.code).toBe(1);
      expect(answer.lines.join()).toContain('"kind":"forbidden"');
    }
    expect(lastOf(await well(bob, ['proposals', '--json']))).toMatchObject({
      pushGuid,
      state: 'waiting',
      approvals: [],
      asking: [{ name: 'greeter', approvals: 1 }],
    });
    expect(await greet()).toBe(before);

    const approved = await well(bob, ['approve', pushGuid, '--yes', '--json']);
    expect(JSON.parse(approved.lines[0] ?? '')).toMatchObject({
      type: 'diff',
      diff: expect.stringContaining('Good day.'),
    });
    expect(lastOf(approved)).toMatchObject({ state: 'accepted', approvals: [{ approverName: 'bob' }] });
    await expect.poll(greet, { timeout: startMs }).toBe('Good day.');
    const track = async (): Promise<unknown> => lastOf(await well(ada, ['track', pushGuid, '--json']));
    await expect.poll(track, { timeout: startMs }).toMatchObject({
      outcome: 'completed',
      recipients: [{ stage: 'completed' }],
    });
  });
});

describe('[APPROVE-5] a relay that went over to the enemy', () => {
  test('lets a push through that nobody approved of, and the service refuses it', async () => {
    const taken = owner.use(
      await startOtherApi(apiUrl, (answer) => answer.replaceAll('"approvals":1', '"approvals":0')),
    );
    const evilUrl = await startRelayAt(taken.url);
    await service[Symbol.asyncDispose]();
    await startService(evilUrl, '');
    const before = await greet();
    save('All your base.');
    const atEvil = machine('ada', evilUrl);
    const pushed = await cli(atEvil, ['push', file, '--json']);
    expect({ code: pushed.code, stderr: pushed.stderr }).toMatchObject({ code: 3 });
    expect(lastOf(pushed)).toMatchObject({
      outcome: 'partial',
      recipients: [{ stage: 'failed', problem: { kind: 'approval-needed' } }],
    });
    expect(await greet()).toBe(before);
  });
});
