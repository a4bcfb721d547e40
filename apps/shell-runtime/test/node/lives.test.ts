import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { ProblemError } from '@cd-push/protocol';
import { describe, expect, onTestFinished, test } from 'vitest';

import { takeStateFolder } from '../../src/node/state/state-folder.ts';
import { answerSaying, NodeWorld, serverFiles } from './node-world.ts';

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
