import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { startApi, type RunningApi } from '@cd-push/api';
import { enrol } from '@cd-push/client';
import { cryptoPlatform } from '@cd-push/timeline';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { configFolder } from '../src/credentials/config-folder.ts';
import { exclusively } from '../src/credentials/exclusively.ts';
import { cli, makeWorkshop, type Workshop } from './support/workshop.ts';

const password = 'correct horse battery staple';
let workshop: Workshop;
let api: RunningApi;

beforeAll(async () => {
  workshop = makeWorkshop({ 'package.json': '{"name":"shop"}', 'src/page.html': '<p>x</p>' });
  api = await startApi({
    dataFile: join(workshop.home, 'api.sqlite'),
    seed: {
      userName: 'ada',
      password,
      roles: ['developer'],
      grants: [{ prefix: '/shop', environments: ['development'] }],
    },
    logLevel: 'silent',
  });
});
afterAll(async () => {
  await api.close();
  workshop[Symbol.dispose]();
});

const ask = async (path: string): Promise<{ body: unknown }> => ({
  body: await (await fetch(`${api.url}${path}`)).json(),
});

const run = (args: string[], stdin?: string) =>
  cli(args, {
    cwd: workshop.root,
    env: { ...workshop.env, CD_PUSH_API_URL: api.url, CD_PUSH_RELAY_URL: 'http://127.0.0.1:9' },
    ...(stdin === undefined ? {} : { stdin }),
  });

const credentials = (): string => {
  const folder = join(workshop.home, '.config/cd-push/credentials');
  const [name] = readdirSync(folder);
  return join(folder, name!);
};

interface Kept {
  readonly identity: string;
  readonly key: { readonly d: string };
  readonly pending: readonly unknown[];
}

const kept = (): Kept => JSON.parse(readFileSync(join(credentials(), 'identity.json'), 'utf8')) as Kept;
const nextKey = (): string => readFileSync(join(credentials(), 'next-key.json'), 'utf8');

test('login keeps an identity for its owner alone, the next key apart, and prints neither them nor the password', async () => {
  const { code, stdout, stderr } = await run(['login', api.url, '--user', 'ada', '--json'], `${password}\n`);
  expect(stderr).toContain('Signed in as ada');
  expect(code).toBe(0);
  for (const file of ['account.json', 'identity.json', 'next-key.json'])
    expect(statSync(join(credentials(), file)).mode & 0o777).toBe(0o600);
  expect(statSync(credentials()).mode & 0o777).toBe(0o700);
  const { identity, key } = kept();
  expect(JSON.parse(stdout)).toMatchObject({ type: 'signed-in', identity, mayPush: true });
  const [next] = JSON.parse(nextKey()) as { key: { d: string } }[];
  expect(next!.key.d).not.toBe(key.d);
  for (const secret of [password, key.d, next!.key.d]) expect(stdout + stderr).not.toContain(secret);
  // What a session signs and connects with is on no disk.
  expect(readdirSync(credentials()).toSorted()).toEqual([
    'account.json',
    'identity.json',
    'identity.lock',
    'next-key.json',
  ]);
});

test('login twice keeps the identity', async () => {
  const before = kept();
  await run(['login', api.url, '--user', 'ada'], password);
  expect(kept()).toMatchObject({ identity: before.identity, key: before.key });
});

test('commands of one developer at the same time all get on', async () => {
  const { identity } = kept();
  const runs = await Promise.all(
    Array.from({ length: 5 }, () => run(['join-code', '--mode=remote', '--json'])),
  );
  expect(runs.map(({ code, stderr }) => (code === 0 ? '' : stderr))).toEqual(['', '', '', '', '']);
  // Each has claimed a session of its own.
  const { body } = await ask(`/identities/${identity}`);
  expect((body as { n: number }).n).toBeGreaterThanOrEqual(6);
  expect(kept().pending).toEqual([]);
});

test('a wrong password exits 5 and says what to do', async () => {
  const { code, stderr } = await run(['login', api.url, '--user', 'ada'], 'wrong\n');
  expect(code).toBe(5);
  expect(stderr).toContain('invalid-credentials');
  expect(stderr).not.toContain('wrong\n');
});

test('a password cannot be an argument', async () => {
  const { code } = await run(['login', api.url, '--password', password]);
  expect(code).toBe(2);
});

test('no flag of any command takes a secret', async () => {
  const helps = await Promise.all(
    ['login', 'logout', 'up', 'watch', 'push runtime', 'join-code'].map((command) =>
      run([...command.split(' '), '--help']),
    ),
  );
  for (const { stdout } of helps) expect(stdout).not.toMatch(/--[a-z-]*(?:password|secret|token|key)/u);
});

test('without a name and without a terminal login is a usage error', async () => {
  expect((await run(['login', api.url], password)).code).toBe(2);
});

test('a password does not travel unencrypted to another machine', async () => {
  const { code, stderr } = await run(['login', 'http://api.example', '--user', 'ada'], password);
  expect(code).toBe(2);
  expect(stderr).toContain('https');
});

test('an api that cannot be reached is said to be', async () => {
  const { code, stderr } = await run(['login', 'http://127.0.0.1:9', '--user', 'ada'], password);
  expect(code).toBe(1);
  expect(stderr).toContain('unavailable');
});

test('a key that others can read is refused, with the way out', async () => {
  const file = join(credentials(), 'identity.json');
  chmodSync(file, 0o644);
  const { code, stderr } = await run(['login', api.url, '--user', 'ada'], password);
  chmodSync(file, 0o600);
  expect(code).toBe(1);
  expect(stderr).toContain(`chmod 600 ${file}`);
});

test('pushing without a session exits 5', async () => {
  const { code, stderr } = await cli(['push', 'runtime', '--mode=remote'], {
    cwd: workshop.root,
    env: {
      ...workshop.env,
      XDG_CONFIG_HOME: join(workshop.home, 'nobody'),
      CD_PUSH_API_URL: api.url,
      CD_PUSH_RELAY_URL: 'http://127.0.0.1:9',
    },
  });
  expect(stderr).toContain(`Sign in: cd-cli login ${api.url}`);
  expect(code).toBe(5);
});

test('identity show says what is kept and registered, and no key', async () => {
  const { code, stdout } = await run(['identity', 'show', '--mode=remote', '--json']);
  expect(code).toBe(0);
  const { identity, key } = kept();
  expect(JSON.parse(stdout)).toMatchObject({ type: 'identity', identity, user: 'ada', revokedAt: null });
  expect(stdout).not.toContain(key.d);
});

test('identity rotate puts the next key in force, and sessions are opened by it', async () => {
  const before = kept();
  const [next] = JSON.parse(nextKey()) as { key: { d: string } }[];
  expect((await run(['identity', 'rotate', '--mode=remote'])).code).toBe(0);
  expect(kept()).toMatchObject({ identity: before.identity, key: { d: next!.key.d } });
  expect(nextKey()).not.toContain(next!.key.d);
  expect((await run(['join-code', '--mode=remote'])).code).toBe(0);
});

test('identity trust pins who is believed by runtimes that join from now on', async () => {
  const { identity } = kept();
  const trusted = async () => JSON.parse((await run(['identity', 'trust', '--json'])).stdout) as object;
  expect(await trusted()).toMatchObject({ type: 'trust', identities: null });
  expect((await run(['identity', 'trust', 'not an address'])).code).toBe(2);
  expect((await run(['identity', 'trust', identity])).code).toBe(0);
  expect(await trusted()).toMatchObject({ identities: [identity] });
  const code = (await run(['join-code', '--mode=remote'])).stdout.trim();
  const key = await cryptoPlatform.importPrivateKey(await cryptoPlatform.generatePrivateKey());
  const { trustRoot } = await enrol({ apiUrl: api.url, joinCode: code, key });
  expect(trustRoot.identities).toEqual([identity]);
  expect((await run(['identity', 'trust', '--any'])).code).toBe(0);
  expect(await trusted()).toMatchObject({ identities: null });
});

test('logout forgets who is signed in and leaves the identity', async () => {
  const { identity } = kept();
  const { code } = await run(['logout', api.url]);
  expect(code).toBe(0);
  expect(existsSync(join(credentials(), 'account.json'))).toBe(false);
  expect(kept().identity).toBe(identity);
});

test('identity revoke asks first, ends it for good, and the next login makes another one', async () => {
  await run(['login', api.url, '--user', 'ada'], password);
  const { identity } = kept();
  expect((await run(['identity', 'revoke', '--mode=remote'])).code).toBe(2);
  expect((await run(['identity', 'revoke', '--mode=remote', '--yes'])).code).toBe(0);
  expect((await ask(`/identities/${identity}`)).body).toMatchObject({ revokedAt: expect.any(Number) });
  expect((await run(['join-code', '--mode=remote'])).code).toBe(5);
  expect((await run(['login', api.url, '--user', 'ada'], password)).code).toBe(0);
  expect(kept().identity).not.toBe(identity);
});

test('the configuration folder follows XDG, and APPDATA on Windows', () => {
  expect(configFolder({ XDG_CONFIG_HOME: '/x' }, 'linux')).toBe('/x/cd-push');
  expect(configFolder({ HOME: '/home/ada' }, 'linux')).toBe('/home/ada/.config/cd-push');
  expect(configFolder({ APPDATA: '/Users/ada/AppData' }, 'win32')).toBe('/Users/ada/AppData/cd-push');
});

test('two that evolve an identity at the same time do so one after the other', async () => {
  const lock = join(workshop.home, 'locks/identity.lock');
  const order: string[] = [];
  await Promise.all(
    ['a', 'b', 'c'].map((name) =>
      exclusively(lock, async () => {
        order.push(`${name} in`);
        await new Promise((resolve) => {
          setImmediate(resolve);
        });
        order.push(`${name} out`);
      }),
    ),
  );
  for (let index = 0; index < order.length; index += 2)
    expect(order[index + 1]).toBe(order[index]!.replace('in', 'out'));
});

test('a lock whose holder was killed is free', async () => {
  const lock = join(workshop.home, 'locks/killed.lock');
  await exclusively(lock, async () => undefined);
  const hold = `const { DatabaseSync } = require('node:sqlite'); new DatabaseSync(process.argv[1]).exec('BEGIN EXCLUSIVE'); process.kill(process.pid, 'SIGKILL');`;
  expect(() => execFileSync(process.execPath, ['-e', hold, lock])).toThrow(/SIGKILL|Command failed/u);
  await expect(exclusively(lock, async () => 'mine')).resolves.toBe('mine');
});
