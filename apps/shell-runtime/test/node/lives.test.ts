import { fork } from 'node:child_process';
import { once } from 'node:events';
import { chmod, lstat, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { ProblemError, type ICdPushEnvelop } from '@cd-push/protocol';
import { describe, expect, onTestFinished, test } from 'vitest';

import { takeStateFolder } from '../../src/node/state/state-folder.ts';
import { answerSaying, NodeWorld, serverFiles } from './node-world.ts';

/** A process that starts with what the world has kept, takes a push if it lives so long, and is killed by its own code. */
const killedWith = async (world: NodeWorld, envelope: ICdPushEnvelop): Promise<void> => {
  const child = fork(new URL('killed-process.ts', import.meta.url), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  child.send({
    base: world.baseDir,
    stateDir: world.stateDir,
    socket: world.socket,
    trust: world.signer.trust,
    envelope,
  });
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
  await rm(world.socket, { force: true });
};

describe('from one life of the process to the next', () => {
  test('what was applied is there again, and the relay is told so', async () => {
    const world = await NodeWorld.create(serverFiles);
    await world.start();
    await world.push({ 'answer.ts': answerSaying('two') });
    const { applied } = world.runtime!.state();
    await world.stop();
    await world.start();
    expect(await world.get()).toBe('two 1');
    expect(world.runtime!.state().applied).toEqual(applied);
    expect(world.link.hello!.heads).toContainEqual({
      resource: '/app/answer.ts',
      ...applied['/app/answer.ts'],
    });
  });

  test('another base drops what was applied to the one before', async () => {
    const world = await NodeWorld.create(serverFiles);
    await world.start();
    await world.push({ 'answer.ts': answerSaying('two') });
    await world.stop();
    await world.deploy({ ...serverFiles, 'answer.ts': answerSaying('three') });
    await world.start();
    expect(await world.get()).toBe('three 1');
    expect(world.runtime!.state().applied).toEqual({});
    expect(world.link.hello!.heads.map(({ version }) => version)).toEqual([0, 0]);
  });

  test('what kill -9 cut off while it was applied is skipped, and reported as crashed under its own name', async () => {
    const world = await NodeWorld.create(serverFiles);
    const envelope = await world.envelope({
      'answer.ts': answerSaying('deadly', `process.kill(process.pid, 'SIGKILL');`),
    });
    await killedWith(world, envelope);

    await world.start();
    expect(await world.get()).toBe('one 1');
    const { pushGuid } = envelope.pushData;
    expect(world.link.reports).toMatchObject([
      { stage: 'failed', pushGuid, attempt: 1, problem: { kind: 'crashed' } },
    ]);
    // The relay repeats what it has no answer to; the same attempt has the same answer, without effect.
    world.link.reports.length = 0;
    world.link.send(envelope);
    expect(await world.link.ended(envelope)).toMatchObject({ stage: 'failed', problem: { kind: 'crashed' } });
    expect(await world.get()).toBe('one 2');
  });

  test('what kill -9 took down at its start is taken when the relay sends it again', async () => {
    const world = await NodeWorld.create(serverFiles);
    const deadly = `${world.socket}.deadly`;
    const envelope = await world.envelope({
      'answer.ts': answerSaying(
        'two',
        `import { existsSync } from 'node:fs'; if (existsSync(process.env.SOCKET + '.deadly')) process.kill(process.pid, 'SIGKILL');\n`,
      ),
    });
    await world.start();
    world.link.send(envelope);
    expect(await world.link.ended(envelope)).toMatchObject({ stage: 'completed' });
    await world.stop();
    await writeFile(deadly, '');
    await killedWith(world, envelope);
    await rm(deadly);

    await world.start();
    expect(await world.get()).toBe('one 1');
    expect(world.link.hello!.heads).toContainEqual(
      expect.objectContaining({ resource: '/app/answer.ts', version: 0 }),
    );
    world.link.reports.length = 0;
    world.link.send(envelope);
    expect(await world.link.ended(envelope)).toMatchObject({ stage: 'completed', attempt: 1 });
    expect(await world.get()).toBe('two 2');
  });

  test('a record that the program does not start with goes back to what it did start with', async () => {
    const world = await NodeWorld.create(serverFiles);
    await world.start();
    await world.push({ 'answer.ts': answerSaying('two') });
    await world.push({
      'answer.ts': answerSaying(
        'three',
        `import { existsSync } from 'node:fs'; if (existsSync(process.env.WORLD + '/bad')) throw new Error('bad');\n`,
      ),
    });
    expect(await world.get()).toBe('three 1');
    await world.stop();
    await writeFile(join(world.dir, 'bad'), '');
    await world.start();
    expect(await world.get()).toBe('two 1');
    expect(world.events.find(({ kind }) => kind === 'start-failed')).toMatchObject({
      problem: { detail: expect.stringContaining('bad') },
    });
  });

  test('a program that fails to start waits for the push that repairs it', async () => {
    const world = await NodeWorld.create({
      ...serverFiles,
      'answer.ts': `throw new Error('broken from the start');`,
    });
    await world.start();
    expect(await world.event('start-failed')).toMatchObject({
      problem: { detail: expect.stringContaining('broken from the start') },
    });
    expect(await world.push({ 'answer.ts': answerSaying('whole') })).toMatchObject({ stage: 'completed' });
    expect(await world.get()).toBe('whole 1');
  });

  test('a program that hangs at its start is repaired by a push as well', async () => {
    const world = await NodeWorld.create({ ...serverFiles, 'answer.ts': 'for (;;) {}' });
    await world.start({ limits: { startMs: 200 } });
    expect(await world.event('restarting')).toMatchObject({ problem: { kind: 'crashed' } });
    expect(await world.push({ 'answer.ts': answerSaying('whole') })).toMatchObject({ stage: 'completed' });
    expect(await world.get()).toBe('whole 1');
  });

  test('also by one that comes while the start is being tried again', async () => {
    const world = await NodeWorld.create({
      ...serverFiles,
      'answer.ts': `import { appendFileSync } from 'node:fs'; appendFileSync(process.env.WORLD + '/tries', '.'); for (;;) {}`,
    });
    await world.start({ limits: { startMs: 400, firstBackoffMs: 0 } });
    const tries = (): Promise<string> => readFile(join(world.dir, 'tries'), 'utf8').catch(() => '');
    await expect.poll(tries, { interval: 5 }).toMatch(/^../u);
    expect(await world.push({ 'answer.ts': answerSaying('whole') })).toMatchObject({ stage: 'completed' });
    expect(await world.get()).toBe('whole 1');
  });

  test('a program that dies by itself is started again with what stands', async () => {
    const world = await NodeWorld.create(serverFiles);
    await world.start();
    await world.push({
      'answer.ts': `import { setTimeout as wait } from 'node:timers/promises';\n${answerSaying('two').replace('=> `', `=> { if (process.env.DEAD !== undefined) return ''; return \``).replace('`;', '`; };')}
export const dead = (url: string) => { if (url === '/die') setTimeout(() => { throw new Error('ouch'); }); };`,
      'main.ts': serverFiles['main.ts']!.replace('import { answer }', 'import { answer, dead }')
        .replace('=> void', '=> { dead(request.url); void')
        .replace('response.end(text)))', 'response.end(text)); })'),
    });
    expect(await world.get()).toBe('two 1');
    await world.get('/die').catch(() => undefined);
    expect(await world.event('restarting')).toMatchObject({
      problem: { kind: 'crashed', detail: expect.stringContaining('ouch') },
    });
    await world.eventAfter('restarting', 'started');
    expect(await world.get()).toBe('two 1');
  });

  test('one process has a state folder at a time', async () => {
    const world = await NodeWorld.create(serverFiles);
    const first = await takeStateFolder(world.stateDir);
    await expect(takeStateFolder(world.stateDir)).rejects.toThrow(ProblemError);
    await first.release();
    const second = await takeStateFolder(world.stateDir);
    await second.release();
  });

  test('what a state folder keeps is its owner’s alone, also where an earlier release left it readable', async () => {
    const world = await NodeWorld.create({ ...serverFiles, 'logo.svg': '<svg/>' });
    const others = async (): Promise<string[]> => {
      const names = ['', ...(await readdir(world.stateDir, { recursive: true }))];
      const open = await Promise.all(
        names.map(async (name) => ((await lstat(join(world.stateDir, name))).mode & 0o077) !== 0),
      );
      return names.filter((_, index) => open[index]);
    };
    await world.start();
    await world.push({ 'answer.ts': answerSaying('two'), 'logo.svg': '<svg></svg>' });
    await world.stop();
    expect((await others()).filter((name) => name !== '')).toEqual([]);

    const contents = await readdir(join(world.stateDir, 'contents'));
    await writeFile(join(world.stateDir, 'notes.txt'), 'of the owner');
    await chmod(join(world.stateDir, 'notes.txt'), 0o644);
    await symlink(join(world.stateDir, 'notes.txt'), join(world.stateDir, 'contents', 'link'));
    for (const name of [
      '',
      'contents',
      'record',
      join('contents', contents[0]!),
      join('record', 'index.json'),
    ])
      await chmod(join(world.stateDir, name), 0o755);
    const folder = await takeStateFolder(world.stateDir);
    await folder.release();
    // The owner's own file stays as it was, also where a link leads to it; a link has no permissions of its own.
    expect((await others()).toSorted()).toEqual(['contents/link', 'notes.txt']);
  });

  test('a state folder is kept from git, unless it holds something else', async () => {
    const world = await NodeWorld.create(serverFiles);
    const ignored = join(world.stateDir, '.gitignore');
    const take = async (): Promise<void> => (await takeStateFolder(world.stateDir)).release();
    await writeFile(join(world.stateDir, 'key.json'), '{}');
    await take();
    expect(await readFile(ignored, 'utf8')).toBe('*\n');
    await writeFile(ignored, 'dist/\n');
    await take();
    expect(await readFile(ignored, 'utf8')).toBe('dist/\n');
    await rm(ignored);
    await writeFile(join(world.stateDir, 'package.json'), '{}');
    await take();
    expect(await readdir(world.stateDir)).not.toContain('.gitignore');
  });

  test('a lock that a killed process left is taken over', async () => {
    const world = await NodeWorld.create(serverFiles);
    await writeFile(join(world.stateDir, 'lock'), '');
    const folder = await takeStateFolder(world.stateDir);
    expect(folder.dir).toBe(world.stateDir);
    await folder.release();
  });
});

describe('a base', () => {
  const serve = async (world: NodeWorld): Promise<{ url: string; close: () => Promise<void> }> => {
    const server = createServer((request, response) => {
      readFile(join(world.baseDir, decodeURIComponent(request.url ?? ''))).then(
        (bytes) => response.end(bytes),
        () => response.writeHead(404).end(),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const close = (): Promise<void> =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      });
    onTestFinished(close);
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
  };

  test('that is served is fetched, and what was fetched runs when it cannot be reached', async () => {
    const world = await NodeWorld.create(serverFiles);
    const { url, close } = await serve(world);
    await world.start({ base: url });
    expect(await world.get()).toBe('one 1');
    await world.stop();
    await close();
    await world.start({ base: url });
    expect(await world.get()).toBe('one 1');
    expect(await world.event('stale-base')).toMatchObject({
      detail: expect.stringContaining('cannot be reached'),
    });
  });

  test.each([
    ['that is none', { 'cd-push.base.json': '{}' }, 'not a base manifest'],
    ['that is not there', {}, 'There is no'],
    [
      'whose contents are not what the manifest says',
      {
        'cd-push.base.json': JSON.stringify({
          module: 'app',
          base: 'b',
          resources: {
            '/app/a.html': { type: 'template', digest: `sha256-${'A'.repeat(43)}`, url: 'a.html' },
          },
        }),
        'a.html': 'other',
      },
      'not what the base manifest says',
    ],
    [
      'that names files outside of it',
      {
        'cd-push.base.json': JSON.stringify({
          module: 'app',
          base: 'b',
          resources: {
            '/app/a.html': { type: 'template', digest: `sha256-${'A'.repeat(43)}`, url: '../secret' },
          },
        }),
      },
      'not below it',
    ],
    [
      'that names resources badly',
      {
        'cd-push.base.json': JSON.stringify({
          module: 'app',
          base: 'b',
          resources: {
            '/app/../a.html': { type: 'template', digest: `sha256-${'A'.repeat(43)}`, url: 'a.html' },
          },
        }),
      },
      'not a base manifest',
    ],
  ])('%s is refused', async (_, files, why) => {
    const world = await NodeWorld.create(serverFiles);
    await rm(world.baseDir, { recursive: true });
    await mkdir(world.baseDir);
    await Promise.all(
      Object.entries(files).map(([name, text]) => writeFile(join(world.baseDir, name), text)),
    );
    await expect(world.start()).rejects.toThrow(why);
  });
});
