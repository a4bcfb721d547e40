import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import tls from 'node:tls';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { startFakeRuntime } from './support/fake-runtime.ts';
import { cli, makeWorkshop, type Workshop } from './support/workshop.ts';

const program = join(import.meta.dirname, '../dist/main.js');
let workshop: Workshop;
let children: ChildProcess[];

beforeEach(() => {
  children = [];
  workshop = makeWorkshop({
    'package.json': '{"name":"shop"}',
    'index.html': '<p>shop</p>\n',
    'src/main.ts': 'export const a = 1;\n',
    'src/page.html': '<p>hello</p>\n',
  });
});
afterEach(() => {
  for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
  workshop[Symbol.dispose]();
});

interface Ready {
  readonly apiUrl: string;
  readonly relayUrl: string;
  readonly pageUrl: string;
  readonly joinCode: string;
  readonly certificateFile: string | null;
  readonly readyMs: number;
}

interface Up {
  readonly ready: Ready;
  readonly child: ChildProcess;
  readonly talk: () => string;
  /** Asks it to end, and gives its exit code. */
  readonly end: () => Promise<number | null>;
}

/** Starts the built program as a person does, and resolves when it says that it is ready. */
const up = async (args: string[] = [], stdin = ''): Promise<Up> => {
  const child = spawn(process.execPath, [program, 'up', '--json', '--port', '0', ...args], {
    cwd: workshop.root,
    env: { ...process.env, ...workshop.env },
  });
  children.push(child);
  child.stdin.end(stdin);
  let talk = '';
  child.stderr.on('data', (chunk: Buffer) => {
    talk += chunk.toString();
  });
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  const first = new Promise<Ready>((resolve) => {
    createInterface({ input: child.stdout }).once('line', (line) => resolve(JSON.parse(line) as Ready));
  });
  const ready = await Promise.race([
    first,
    ended.then((code) => Promise.reject(new Error(`Ended with ${code}.\n${talk}`))),
  ]);
  return {
    ready,
    child,
    talk: () => talk,
    end: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
};

test('help loads the parser and the commands’ descriptions, and none of what they need to run', () => {
  const tellLoads = `import { registerHooks } from 'node:module';
    registerHooks({ load: (url, context, next) => (process.stderr.write(url + '\\n'), next(url, context)) });`;
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(tellLoads)}`, program, '--help'],
    { encoding: 'utf8' },
  );
  expect(stdout).toContain('COMMANDS');
  const loaded = stderr.split('\n').filter((url) => url.startsWith('file:'));
  expect(loaded.filter((url) => !url.includes('/apps/cli/dist/'))).toEqual([]);
  const bytes = loaded.reduce((sum, url) => sum + statSync(fileURLToPath(url)).size, 0);
  // The schema library alone, which every command that connects takes, has more.
  expect(bytes).toBeLessThan(200_000);
});

test('up says whose it is and what is amiss, and leaves nothing open at its end', async () => {
  const { ready, talk, end } = await up();
  const { code, stderr } = await cli(['up'], { cwd: workshop.root, env: workshop.env });
  expect(code).toBe(1);
  expect(stderr).toContain(ready.pageUrl);
  expect(await end()).toBe(0);
  expect(talk()).toMatch(/^Ready in \d+ ms   shop in .*\n\n  open   http/u);
  expect(talk()).toContain('every program of yours may push here');
  expect(talk()).toContain('warning index.html takes no part');
  expect(existsSync(join(workshop.root, '.cd-push/stack.json'))).toBe(false);
  await expect(fetch(ready.apiUrl)).rejects.toThrow();
});

test('a port that was asked for and is taken ends up with 1, and says so; a page that is not there is told', async () => {
  rmSync(join(workshop.root, 'index.html'));
  const first = await up();
  const { port } = new URL(first.ready.pageUrl);
  const other = ['up', '--port', port, '--data', join(workshop.home, 'other')];
  const { code, stderr } = await cli(other, { cwd: workshop.root, env: workshop.env });
  expect(code).toBe(1);
  expect(stderr).toContain(`Port ${port} is taken.`);
  await first.end();
  expect(first.talk()).toContain('there is no page to open yet');
});

test('up tells of files that cannot be served', async () => {
  workshop.write('src/page.ts', 'export const = 1;\n');
  const { talk, end } = await up();
  await end();
  expect(talk()).toContain('/shop/src/page.ts:1:14');
});

test('what up keeps is for its owner alone, and whom runtimes pinned survives a restart', async () => {
  const first = await up();
  for (const file of [
    'identity.json',
    'stack.json',
    'developer/account.json',
    'developer/identity.json',
    'developer/next-key.json',
    'api.sqlite',
    'journal.sqlite',
  ]) {
    expect(`${file} ${(statSync(join(workshop.root, '.cd-push', file)).mode & 0o077).toString(8)}`).toBe(
      `${file} 0`,
    );
  }
  const { issuer } = (await (await fetch(`${first.ready.apiUrl}/.well-known/cd-push`)).json()) as {
    issuer: string;
  };
  await first.end();
  const second = await up();
  const after = (await (await fetch(`${second.ready.apiUrl}/.well-known/cd-push`)).json()) as {
    issuer: string;
  };
  expect(after.issuer).toBe(issuer);
  await second.end();
});

test('what was pushed is known after a restart, and a runtime that was away gets what it missed', async () => {
  const first = await up();
  const runtime = await startFakeRuntime(first.ready, first.ready.joinCode, { name: 'till' });
  const place = { cwd: workshop.root, env: workshop.env };
  const done = await cli(['push', 'src/page.html', '--json'], place);
  runtime.close();
  await expect
    .poll(async () => (await cli(['targets', '--json'], place)).json)
    .toContainEqual(expect.objectContaining({ recipient: runtime.guid, connected: false }));
  workshop.write('src/page.html', '<p>missed</p>\n');
  const owed = await cli(['push', 'src/page.html', '--json', '--wait=relayed'], place);
  first.child.kill('SIGKILL');
  await new Promise((resolve) => {
    first.child.once('close', resolve);
  });
  const second = await up();
  const [before] = (await cli(['track', done.json.at(-1)!.pushGuid!, '--json'], place)).json;
  expect(before).toMatchObject({ type: 'push', outcome: 'completed', recipients: [{ stage: 'completed' }] });
  await runtime.comeBack(second.ready);
  await runtime.has(2);
  expect(runtime.received.at(-1)!.contents[0]).toMatchObject({ text: '<p>missed</p>\n' });
  await expect
    .poll(async () => (await cli(['track', owed.json.at(-1)!.pushGuid!, '--json'], place)).json)
    .toMatchObject([{ outcome: 'completed' }]);
  runtime.close();
  await second.end();
});

test('whoever reads what a command says may leave, and that is no fault of it', async () => {
  const { ready, end } = await up();
  const runtime = await startFakeRuntime(ready, ready.joinCode);
  const observing = spawn(process.execPath, [program, 'observe', '--json'], {
    cwd: workshop.root,
    env: { ...process.env, ...workshop.env },
  });
  children.push(observing);
  let talk = '';
  observing.stderr.on('data', (chunk: Buffer) => (talk += chunk.toString()));
  await new Promise((resolve) => {
    observing.stdout.once('data', resolve);
  });
  observing.stdout.destroy();
  const ended = new Promise((resolve) => {
    observing.once('close', resolve);
  });
  await cli(['push', 'src/page.html'], { cwd: workshop.root, env: workshop.env });
  expect(await ended).toBe(0);
  expect(talk).toBe('');
  runtime.close();
  await end();
});

test('a stack that was killed does not count as running', async () => {
  const { child } = await up();
  child.kill('SIGKILL');
  await new Promise((resolve) => {
    child.once('close', resolve);
  });
  const { stderr } = await cli(['targets'], { cwd: workshop.root, env: workshop.env });
  expect(stderr).toContain('No stack of this project runs here');
  const again = await up();
  expect(await again.end()).toBe(0);
});

test('up --watch pushes what is saved', async () => {
  const { ready, end, child } = await up(['--watch']);
  const runtime = await startFakeRuntime(ready, ready.joinCode);
  const lines = createInterface({ input: child.stdout! });
  const pushed = new Promise<void>((resolve) => {
    lines.on('line', (line) => line.includes('"result"') && resolve());
  });
  await runtime.has(0);
  workshop.write('src/page.html', '<p>saved</p>\n');
  await pushed;
  expect(runtime.received.at(-1)!.contents[0]).toMatchObject({ text: '<p>saved</p>\n' });
  runtime.close();
  await end();
});

test('up --host has no user from the start: without a name or a password it does not begin', async () => {
  const nobody = await cli(['up', '--host'], { cwd: workshop.root, env: workshop.env });
  expect(nobody.code).toBe(2);
  expect(nobody.stderr).toContain('--admin');
  const weak = await cli(['up', '--host', '--admin', 'ada'], {
    cwd: workshop.root,
    env: workshop.env,
    stdin: 'short',
  });
  expect(weak.code).toBe(1);
  expect(weak.stderr).toContain('12 characters');
});

test('up --host serves page, api and relay under one certified address, to whom signs in', async () => {
  const password = 'correct horse battery staple';
  const { ready, end, talk } = await up(['--host', '--admin', 'ada'], password);
  expect(talk()).not.toContain('every program of yours');
  expect(talk()).not.toContain(password);
  const authority = readFileSync(ready.certificateFile!, 'utf8');
  const origin = `https://localhost:${new URL(ready.pageUrl).port}`;
  const status = (headers: Record<string, string> = {}, ca: string | undefined = authority) =>
    new Promise<number | string>((resolve) => {
      request(origin, { headers, servername: 'localhost', ...(ca === '' ? {} : { ca }) }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      })
        .on('error', ({ message }) => resolve(message))
        .end();
    });
  expect(await status()).toBe(200);
  expect(await status({}, '')).toMatch(/certificate/u);
  expect(await status({ host: 'evil.example' })).toBe(403);

  // A runtime on another machine comes by this one address.
  const before = tls.getCACertificates('default');
  tls.setDefaultCACertificates([...before, authority]);
  try {
    const runtime = await startFakeRuntime(
      { apiUrl: `${origin}/cd-push/api`, relayUrl: origin },
      ready.joinCode,
    );
    const { code, json } = await cli(['push', 'runtime', 'src/page.html', '--json'], {
      cwd: workshop.root,
      env: workshop.env,
    });
    expect(json.at(-1)).toMatchObject({ outcome: 'reached' });
    expect(code).toBe(0);
    runtime.close();
    const login = ['login', `${origin}/cd-push/api`, '--user', 'ada', '--json'];
    const signedIn = await cli(login, { cwd: workshop.root, env: workshop.env, stdin: password });
    expect(signedIn.json).toMatchObject([{ type: 'signed-in', mayPush: true }]);
    const seeded = ['login', `${origin}/cd-push/api`, '--user', 'developer'];
    expect((await cli(seeded, { cwd: workshop.root, env: workshop.env, stdin: password })).code).toBe(5);
  } finally {
    tls.setDefaultCACertificates(before);
  }
  expect(await end()).toBe(0);
  // The next start needs no password: the session is kept.
  const again = await up(['--host']);
  expect(await again.end()).toBe(0);
});
