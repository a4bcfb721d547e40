import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { startApi, type RunningApi } from '@cd-push/api';
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

const run = (args: string[], stdin?: string) =>
  cli(args, { cwd: workshop.root, env: workshop.env, ...(stdin === undefined ? {} : { stdin }) });

const credentials = (): string => {
  const folder = join(workshop.home, '.config/cd-push/credentials');
  const [name] = readdirSync(folder);
  return join(folder, name!);
};

test('login keeps key and session for their owner alone, and prints neither them nor the password', async () => {
  const { code, stdout, stderr } = await run(['login', api.url, '--user', 'ada', '--json'], `${password}\n`);
  expect(stderr).toContain('Signed in as ada');
  expect(code).toBe(0);
  for (const file of ['key.json', 'session.json'])
    expect(statSync(join(credentials(), file)).mode & 0o777).toBe(0o600);
  expect(statSync(credentials()).mode & 0o777).toBe(0o700);
  const key = JSON.parse(readFileSync(join(credentials(), 'key.json'), 'utf8')) as { d: string };
  const session = JSON.parse(readFileSync(join(credentials(), 'session.json'), 'utf8')) as {
    token: string;
    refreshToken: string;
  };
  for (const secret of [password, key.d, session.token, session.refreshToken])
    expect(stdout + stderr).not.toContain(secret);
});

test('login twice keeps the key', async () => {
  const before = readFileSync(join(credentials(), 'key.json'), 'utf8');
  await run(['login', api.url, '--user', 'ada'], password);
  expect(readFileSync(join(credentials(), 'key.json'), 'utf8')).toBe(before);
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
  const file = join(credentials(), 'key.json');
  chmodSync(file, 0o644);
  const { code, stderr } = await run(['login', api.url, '--user', 'ada'], password);
  chmodSync(file, 0o600);
  expect(code).toBe(1);
  expect(stderr).toContain(`chmod 600 ${file}`);
});

test('pushing without a session exits 5', async () => {
  const { code, stderr } = await cli(['push', 'runtime', '--mode=remote'], {
    cwd: workshop.root,
    env: { ...workshop.env, XDG_CONFIG_HOME: join(workshop.home, 'nobody'), CD_PUSH_API_URL: api.url },
  });
  expect(stderr).toContain(`Sign in: cd-cli login ${api.url}`);
  expect(code).toBe(5);
});

test('logout ends the session and leaves the key', async () => {
  const { code } = await run(['logout', api.url]);
  expect(code).toBe(0);
  expect(existsSync(join(credentials(), 'session.json'))).toBe(false);
  expect(existsSync(join(credentials(), 'key.json'))).toBe(true);
});

test('the configuration folder follows XDG, and APPDATA on Windows', () => {
  expect(configFolder({ XDG_CONFIG_HOME: '/x' }, 'linux')).toBe('/x/cd-push');
  expect(configFolder({ HOME: '/home/ada' }, 'linux')).toBe('/home/ada/.config/cd-push');
  expect(configFolder({ APPDATA: '/Users/ada/AppData' }, 'win32')).toBe('/Users/ada/AppData/cd-push');
});

test('two that renew at the same time do so one after the other', async () => {
  const lock = join(workshop.home, 'locks/session.lock');
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
