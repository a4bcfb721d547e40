import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { pullHistory, type PatchInput } from '@cd-push/client';
import { limits } from '@cd-push/protocol';
import { loadFrame, MemorySpace } from '@cd-push/timeline';
import { describe, expect, onTestFinished, test } from 'vitest';

import { serviceSession } from '../../src/node/session.ts';
import type { NodeRuntimeEvent } from '../../src/node/runtime-event.ts';
import type { NodeRuntime } from '../../src/node/start-node.ts';
import { startNodeRuntime, type NodeRuntimeOptions } from '../../src/node/start-node-runtime.ts';
import { contentOf } from '../modules/content.ts';
import { answerSaying, NodeWorld, patientLimits, serverFiles } from './node-world.ts';
import { Stack } from './stack.ts';

const moduleNamed = (name: string, text: string): PatchInput => {
  const resource = `/app/${name}`;
  const { content, map } = contentOf(resource, text);
  return { change: 'put', resource, componentType: 'module', content, map };
};

const setUp = async (files = serverFiles) => {
  const world = await NodeWorld.create(files);
  const stack = await Stack.create(world.dir);
  const events: NodeRuntimeEvent[] = [];
  const options: NodeRuntimeOptions = {
    apiUrl: stack.apiUrl,
    relayUrl: stack.relayUrl,
    base: world.baseDir,
    entry: '/app/main.ts',
    stateDir: world.stateDir,
    env: { SOCKET: world.socket },
    limits: patientLimits,
    onEvent: (event) => events.push(event),
  };
  const start = (more: Partial<NodeRuntimeOptions> = {}) => {
    let starting: Promise<NodeRuntime> | undefined;
    // Before it starts: a test that ends in the middle of that ends it as well.
    onTestFinished(async () => (await starting?.catch(() => undefined))?.close());
    return (starting = startNodeRuntime({ ...options, ...more }));
  };
  return { world, stack, events, options, start };
};

describe('a Node runtime on the real api and relay', () => {
  test('enrols, takes a push in, and its track ends completed; the next life needs no join code', async () => {
    const { world, stack, start } = await setUp();
    const runtime = await start({ joinCode: await stack.joinCode() });
    const { recipient } = runtime.state();
    const first = await stack.push(moduleNamed('answer.ts', answerSaying('two')));
    expect(first).toMatchObject({ recipient, attempt: 1, state: { stage: 'completed' } });
    expect(await world.get()).toBe('two 1');
    await runtime.close();

    const next = await start();
    expect(next.state()).toMatchObject({ recipient, applied: { '/app/answer.ts': {} } });
    expect(await world.get()).toBe('two 1');
    expect(await stack.push(moduleNamed('answer.ts', answerSaying('three')))).toMatchObject({
      recipient,
      state: { stage: 'completed' },
    });
    expect(await world.get()).toBe('three 2');
  });

  test('[SYNC-29] whoever has its state folder pulls the history of what it runs, while it runs and when it does not', async () => {
    const { world, stack, options, start } = await setUp();
    const { apiUrl, relayUrl } = options;
    await expect(serviceSession(world.dir, apiUrl)).rejects.toMatchObject({
      problem: { kind: 'unauthenticated' },
    });
    const runtime = await start({ joinCode: await stack.joinCode() });
    for (const text of ['two', 'three']) await stack.push(moduleNamed('answer.ts', answerSaying(text)));
    const session = await serviceSession(world.stateDir, apiUrl);
    const space = new MemorySpace();
    const pulled = await pullHistory({ relayUrl, session, space });
    expect(pulled).toMatchObject({ files: [{ resource: '/app/answer.ts' }], received: { objects: 5 } });
    expect((await loadFrame(space, pulled.files[0]!.tip!)).height).toBe(2);
    expect(runtime.state().link).toBe('connected');
    await runtime.close();
    expect(await pullHistory({ relayUrl, session, space })).toMatchObject({ received: { objects: 0 } });
  });

  test('what was pushed while it was away is caught up with', async () => {
    const { world, stack, start } = await setUp();
    const runtime = await start({ joinCode: await stack.joinCode() });
    await runtime.close();
    const pushed = stack.push(moduleNamed('answer.ts', answerSaying('two')));
    await start();
    expect(await pushed).toMatchObject({ state: { stage: 'completed' } });
    expect(await world.get()).toBe('two 1');
  });

  test('a throwing module ends failed, with file and line of the source; a hanging one crashed', async () => {
    const { world, stack, start } = await setUp();
    await start({ joinCode: await stack.joinCode(), limits: { ...patientLimits, applyMs: 3_000 } });
    const broken = `export const answer = () => 'broken';\nthrow new Error('no');`;
    expect(await stack.push(moduleNamed('answer.ts', broken))).toMatchObject({
      state: {
        stage: 'failed',
        problem: { kind: 'apply-failed', stack: expect.stringContaining('/app/answer.ts:2:7') },
      },
    });
    expect(await stack.push(moduleNamed('answer.ts', 'for (;;) {}'))).toMatchObject({
      state: { stage: 'failed', problem: { kind: 'crashed' } },
    });
    expect(await world.get()).toBe('one 1');
    expect(await stack.push(moduleNamed('answer.ts', answerSaying('two')))).toMatchObject({
      state: { stage: 'completed' },
    });
  });

  test('[CONTENT-5] what fits no envelope comes by its digest, as pushed and when the state was lost', async () => {
    const reading = `import { statSync } from 'node:fs';
import { runtime } from 'cd-push:runtime';
export const answer = () => \`\${statSync(runtime.file('/app/model.bin').path()).size}\`;`;
    const { world, stack, start } = await setUp();
    const runtime = await start({ joinCode: await stack.joinCode() });
    const content = new Uint8Array(limits.envelopeBytes + 1);
    const pushed = await stack.push(
      { change: 'put', resource: '/app/model.bin', componentType: 'asset', content },
      moduleNamed('answer.ts', reading),
    );
    expect(pushed).toMatchObject({ state: { stage: 'completed' } });
    expect(await world.get()).toBe(String(content.length));
    await runtime.close();

    await rm(join(world.stateDir, 'record'), { recursive: true });
    await start();
    await expect.poll(() => world.get().catch(() => '')).toBe(String(content.length));
  });

  test('its folder keeps how far it followed the journal, and heads of the relay’s audit', async () => {
    const { world, stack, start } = await setUp();
    await start({ joinCode: await stack.joinCode() });
    expect(await stack.push(moduleNamed('answer.ts', answerSaying('two')))).toMatchObject({
      state: { stage: 'completed' },
    });
    const kept = (name: string): Promise<string> =>
      readFile(join(world.stateDir, 'record', name), 'utf8').catch(() => '');
    await expect
      .poll(() => kept('index.json'))
      .toMatch(/"journal":\{"epoch":"[0-9a-f-]{36}","offset":[1-9]/u);
    await expect.poll(() => kept('audit-heads.jsonl')).toMatch(/^\{"node":"relay-/u);
  });

  test('a notice is told', async () => {
    const { stack, start, events } = await setUp();
    await start({ joinCode: await stack.joinCode() });
    expect(await stack.notify('Lunch.')).toMatchObject({ state: { stage: 'completed' } });
    expect(events).toContainEqual(expect.objectContaining({ kind: 'notice', text: 'Lunch.' }));
  });

  test('what is addressed by user reaches what that user has let enrol', async () => {
    const { stack, events, start } = await setUp();
    await start({ joinCode: await stack.joinCode() });
    expect(await stack.notifyOwn('for mine')).toMatchObject({ state: { stage: 'completed' } });
    expect(events).toContainEqual(expect.objectContaining({ kind: 'notice', text: 'for mine' }));
  });

  test('key and credential are readable by their owner alone, and hold no join code', async () => {
    const { world, stack, start } = await setUp();
    const joinCode = await stack.joinCode();
    await start({ joinCode });
    for (const name of ['key.json', 'identity.json']) {
      const path = join(world.stateDir, name);
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      expect(await readFile(path, 'utf8')).not.toContain(joinCode);
    }
  });

  test('without a credential it needs a join code, and the right one', async () => {
    const { start } = await setUp();
    await expect(start()).rejects.toMatchObject({ problem: { kind: 'unauthenticated' } });
    await expect(start({ joinCode: 'wrong-join-code' })).rejects.toMatchObject({
      problem: { kind: 'invalid-credentials' },
    });
  });
});

describe('cd-node-runtime', () => {
  const main = new URL('../../src/node/main.ts', import.meta.url).pathname;
  const run = (args: readonly string[], env: Record<string, string> = {}) => {
    const child = spawn(process.execPath, ['--max-old-space-size=512', '--no-warnings', main, ...args], {
      env: { ...process.env, ...env },
      stdio: 'pipe',
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const said = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said.out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said.err += text));
    return { child, said, ended: once(child, 'close') };
  };

  // The flags of the process reach the thread, as far as a thread may have flags of its own.
  test('takes the join code from the environment, shows it to nobody, and ends at SIGTERM', async () => {
    const files = {
      ...serverFiles,
      'main.ts': `console.log('code', process.env.CD_PUSH_JOIN_CODE, process.execArgv.includes('--no-warnings'));\n${serverFiles['main.ts']}`,
    };
    const { world, stack } = await setUp(files);
    const joinCode = await stack.joinCode();
    const args = Object.entries({
      base: world.baseDir,
      entry: '/app/main.ts',
      api: stack.apiUrl,
      relay: stack.relayUrl,
      state: world.stateDir,
    }).flatMap(([name, value]) => [`--${name}`, value]);
    const { child, said, ended } = run(args, { CD_PUSH_JOIN_CODE: joinCode, SOCKET: world.socket });
    for await (const line of createInterface(child.stderr)) if (line.includes('Connected')) break;
    await stack.push(moduleNamed('answer.ts', answerSaying('two')));
    expect(await world.get()).toBe('two 1');
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect(said.out).toBe('code undefined true\n');
    expect(said.err).not.toContain(joinCode);
  });

  test.each([
    [['--help'], 0, /Usage: cd-node-runtime/u],
    [[], 2, /Missing: --base, --entry, --api, --relay, --state\./u],
    [['--bogus'], 2, /Unknown option '--bogus'/u],
  ])('%j ends with %d', async (args, exitCode, text) => {
    const { said, ended } = run(args);
    expect(await ended).toEqual([exitCode, null]);
    expect(exitCode === 0 ? said.out : said.err).toMatch(text);
  });

  test('says what cannot be reached, and ends with 1', async () => {
    const { world, options } = await setUp();
    const args = Object.entries({
      base: options.base,
      entry: '/app/main.ts',
      api: 'http://127.0.0.1:1',
      relay: 'http://127.0.0.1:1',
      state: world.stateDir,
      'join-code': 'some-join-code',
    }).flatMap(([name, value]) => [`--${name}`, value]);
    const { said, ended } = run(args);
    expect(await ended).toEqual([1, null]);
    expect(said.err).toMatch(/^cd-node-runtime: http:\/\/127\.0\.0\.1:1\/\S+ cannot be reached\./u);
  });
});
