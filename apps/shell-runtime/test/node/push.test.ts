import { describe, expect, test } from 'vitest';

import { answerSaying, NodeWorld, serverFiles } from './node-world.ts';

/** Answers with everything that the runtime gives to a program. */
const readingFiles = {
  'main.ts': `import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { runtime } from 'cd-push:runtime';
const config = runtime.config('/app/config.json');
const page = runtime.text('/app/page.html');
const logo = runtime.file('/app/logo.svg');
const heard: unknown[] = [];
config.subscribe((value, former) => { if (value?.refuse) throw new Error('refused'); heard.push(['config', value, former]); });
page.subscribe((text) => heard.push(['text', text]));
logo.subscribe((path) => heard.push(['file', path === undefined ? path : readFileSync(path, 'utf8')]));
for (const event of ['applied', 'failed', 'notice'] as const) runtime.on(event, (payload) => heard.push([event, payload]));
runtime.command('greet', { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] }, ({ name }) => {
  if (name === 'nobody') throw new Error('There is nobody.');
  heard.push(['greet', name]);
});
const server = createServer((_, response) => {
  response.end(JSON.stringify({ config: config.get(), page: page.get(), logo: logo.path() && readFileSync(logo.path(), 'utf8'), heard: heard.splice(0) }));
});
await new Promise<void>((resolve) => server.listen(process.env.SOCKET, resolve));
import.meta.hot.dispose(() => { server.close(); server.closeAllConnections(); });`,
  'config.json': '{"greeting":"hello"}',
  'page.html': '<h1>hello</h1>',
  'logo.svg': '<svg/>',
};
const answerOf = async (world: NodeWorld): Promise<Record<string, unknown>> =>
  JSON.parse(await world.get()) as Record<string, unknown>;

describe('a push of code to a Node program', () => {
  test('a module push changes what the program answers, and the state in hot.data survives', async () => {
    const world = await NodeWorld.create(serverFiles);
    await world.start();
    expect(await world.get()).toBe('one 1');
    expect(await world.push({ 'answer.ts': answerSaying('two') })).toMatchObject({ stage: 'completed' });
    expect(await world.get()).toBe('two 2');
    expect(world.link.reports.map(({ stage }) => stage)).toEqual(['delivered', 'completed']);
  });

  test('a module that throws leaves the old one serving, and the failure names file and line of the source', async () => {
    const world = await NodeWorld.create(serverFiles);
    await world.start();
    await world.get();
    const report = await world.push({
      'answer.ts': `export const answer = () => 'broken';\nthrow new Error('not today');`,
    });
    expect(report).toMatchObject({
      stage: 'failed',
      problem: { kind: 'apply-failed', resource: '/app/answer.ts' },
    });
    expect(report).toHaveProperty('problem.detail', expect.stringContaining('not today'));
    expect(report).toHaveProperty('problem.stack', expect.stringMatching(/\(\/app\/answer\.ts:2:7\)/u));
    // Where the runtime is installed and how it runs a module is nobody's business.
    const stack = report.stage === 'failed' ? (report.problem.stack ?? '') : '';
    const frames = stack.split('\n').filter((line) => line.startsWith('    at '));
    expect(frames).toEqual([expect.stringContaining('(/app/answer.ts:2:7)')]);
    expect(await world.get()).toBe('one 2');
  });

  test('a push that goes back to before the first version puts in place what the base had, with the state', async () => {
    const world = await NodeWorld.create(serverFiles);
    await world.start();
    expect(await world.push({ 'answer.ts': answerSaying('bad') })).toMatchObject({ stage: 'completed' });
    expect(await world.get()).toBe('bad 1');
    const gone = { type: 'module', version: Date.now(), content: null, restores: 0 } as const;
    const back = await world.signer.patch([{ resource: '/app/answer.ts', ...gone }]);
    world.link.send(back);
    expect(await world.link.ended(back)).toMatchObject({ stage: 'completed' });
    expect(await world.get()).toBe('one 2');
    await world.stop();
    await world.start();
    expect(await world.get()).toBe('one 1');
  });

  test('a module that is no module is refused before anything is touched', async () => {
    const world = await NodeWorld.create(serverFiles);
    await world.start();
    const envelope = await world.signer.patch([
      { resource: '/app/answer.ts', type: 'module', version: Date.now(), content: 'export default (' },
    ]);
    world.link.send(envelope);
    expect(await world.link.ended(envelope)).toMatchObject({
      stage: 'failed',
      problem: { kind: 'apply-failed' },
    });
    expect(await world.get()).toBe('one 1');
  });

  test('a module that waits for ever is taken back in time, with the state', async () => {
    const world = await NodeWorld.create(serverFiles);
    await world.start({ limits: { settleMs: 1_000 } });
    await world.get();
    const report = await world.push({
      'answer.ts': answerSaying('never', 'await new Promise(() => undefined);'),
    });
    expect(report).toMatchObject({ stage: 'failed', problem: { kind: 'apply-failed' } });
    expect(await world.get()).toBe('one 2');
  });

  test('an infinite loop at the top level: a fresh thread serves the old version, and the push is crashed', async () => {
    const world = await NodeWorld.create(serverFiles);
    // Long enough for everything else that has this limit: the fresh start and the next push.
    await world.start({ limits: { applyMs: 3_000 } });
    const report = await world.push({ 'answer.ts': answerSaying('loop', 'for (;;) {}') });
    expect(report).toMatchObject({ stage: 'failed', problem: { kind: 'crashed' } });
    expect(await world.get()).toBe('one 1');
    expect(await world.push({ 'answer.ts': answerSaying('two') })).toMatchObject({ stage: 'completed' });
    expect(await world.get()).toBe('two 2');
  });

  test('a module that ends its thread is crashed, and the old version serves', async () => {
    const world = await NodeWorld.create(serverFiles);
    await world.start();
    const report = await world.push({ 'answer.ts': answerSaying('exit', 'process.exit(3);') });
    expect(report).toMatchObject({
      stage: 'failed',
      problem: { kind: 'crashed', detail: 'The program ended with exit code 3.' },
    });
    expect(await world.get()).toBe('one 1');
  });

  test('a change that nobody accepts is taken in by a fresh thread, with what can be cloned of the state', async () => {
    const world = await NodeWorld.create(serverFiles);
    await world.start();
    await world.get();
    const main = serverFiles['main.ts']!.replace('response.end(text)', 'response.end(`<${text}>`)');
    expect(await world.push({ 'main.ts': main })).toMatchObject({ stage: 'completed' });
    expect(await world.get()).toBe('<one 2>');
    expect(world.events.map(({ kind }) => kind)).toContain('handed-over');
  });

  test('if the fresh thread fails, the old program goes on with its state', async () => {
    const world = await NodeWorld.create(serverFiles);
    await world.start();
    await world.get();
    const report = await world.push({ 'main.ts': `import './answer.ts';\nthrow new Error('no start');` });
    expect(report).toMatchObject({
      stage: 'failed',
      problem: { kind: 'apply-failed', stack: expect.stringContaining('/app/main.ts:2:') },
    });
    expect(await world.get()).toBe('one 2');
  });

  test('a new file, a rename and a deletion', async () => {
    const world = await NodeWorld.create(serverFiles);
    await world.start();
    const importing = answerSaying('x')
      .replace("'x'", '')
      .replace('`x', '`${word}')
      .concat(`\nimport { word } from './word.ts';`);
    expect(
      await world.push({ 'word.ts': `export const word = 'new';`, 'answer.ts': importing }),
    ).toMatchObject({ stage: 'completed' });
    expect(await world.get()).toBe('new 1');
    expect(await world.push({ 'word.ts': null })).toMatchObject({
      stage: 'failed',
      problem: { kind: 'apply-failed' },
    });
    expect(await world.push({ 'word.ts': null, 'answer.ts': answerSaying('alone') })).toMatchObject({
      stage: 'completed',
    });
    expect(await world.get()).toBe('alone 2');
  });

  test('above the bound of kept code a fresh thread takes over between pushes, and goes on with the state', async () => {
    const world = await NodeWorld.create(serverFiles);
    await world.start({ limits: { retainedBytes: 500 } });
    await world.get();
    expect(await world.push({ 'answer.ts': answerSaying('two', `// ${'x'.repeat(500)}\n`) })).toMatchObject({
      stage: 'completed',
    });
    expect((await world.event('handed-over')).reason).toContain('kept');
    expect(await world.get()).toBe('two 2');
    expect(world.runtime!.state().retainedBytes).toBe(0);
  });
});

describe('a push of something else to a Node program', () => {
  test('templates, styles, assets and configuration are new at the next reading, and subscribers are told', async () => {
    const world = await NodeWorld.create(readingFiles);
    await world.start();
    expect(await answerOf(world)).toEqual({
      config: { greeting: 'hello' },
      page: '<h1>hello</h1>',
      logo: '<svg/>',
      heard: [],
    });
    await world.push({ 'config.json': '{"greeting":"hi"}' });
    await world.push({ 'page.html': '<h1>hi</h1>' });
    await world.push({ 'logo.svg': Buffer.from('<svg id="new"/>') });
    const { heard, ...values } = await answerOf(world);
    expect(values).toEqual({ config: { greeting: 'hi' }, page: '<h1>hi</h1>', logo: '<svg id="new"/>' });
    expect((heard as [string][]).filter(([kind]) => kind !== 'applied')).toEqual([
      ['config', { greeting: 'hi' }, { greeting: 'hello' }],
      ['text', '<h1>hi</h1>'],
      ['file', '<svg id="new"/>'],
    ]);
  });

  test('a subscriber that refuses a value gets the one before it back, and so do the other files of that push', async () => {
    const world = await NodeWorld.create(readingFiles);
    await world.start();
    const report = await world.push({ 'page.html': 'new', 'config.json': '{"refuse":true}' });
    expect(report).toMatchObject({ stage: 'failed', problem: { kind: 'apply-failed', detail: 'refused' } });
    expect(await answerOf(world)).toMatchObject({ config: { greeting: 'hello' }, page: '<h1>hello</h1>' });
  });

  test('a configuration that is not JSON is refused', async () => {
    const world = await NodeWorld.create(readingFiles);
    await world.start();
    expect(await world.push({ 'config.json': '{' })).toMatchObject({
      stage: 'failed',
      problem: { kind: 'apply-failed', resource: '/app/config.json' },
    });
    expect(await answerOf(world)).toMatchObject({ config: { greeting: 'hello' } });
  });

  test('a deleted file is no more', async () => {
    const world = await NodeWorld.create(readingFiles);
    await world.start();
    await world.push({ 'page.html': null, 'config.json': null, 'logo.svg': null });
    const { config, page, logo } = await answerOf(world);
    expect([config, page, logo]).toEqual([undefined, undefined, undefined]);
  });

  test('operations run with arguments that fit, and say why they did not', async () => {
    const world = await NodeWorld.create(readingFiles);
    await world.start();
    const operate = async (name: string, args: unknown): Promise<unknown> => {
      const envelope = await world.signer.operation(name, args);
      world.link.send(envelope);
      return world.link.ended(envelope);
    };
    expect(await operate('greet', { name: 'you' })).toMatchObject({ stage: 'completed' });
    expect(await operate('greet', { name: 7 })).toMatchObject({
      stage: 'failed',
      problem: { kind: 'invalid-request', path: '/name' },
    });
    expect(await operate('greet', { name: 'nobody' })).toMatchObject({
      stage: 'failed',
      problem: { kind: 'apply-failed' },
    });
    expect(await operate('unknown', {})).toMatchObject({ stage: 'failed', problem: { kind: 'not-found' } });
    const { heard } = await answerOf(world);
    expect(heard).toContainEqual(['greet', 'you']);
  });

  test('a notice reaches the owner and the program', async () => {
    const world = await NodeWorld.create(readingFiles);
    await world.start();
    const envelope = await world.signer.notice('Lunch.');
    world.link.send(envelope);
    expect(await world.link.ended(envelope)).toMatchObject({ stage: 'completed' });
    expect(await world.event('notice')).toMatchObject({ text: 'Lunch.', from: 'user-1' });
    expect((await answerOf(world)).heard).toContainEqual(['notice', { text: 'Lunch.', from: 'user-1' }]);
  });

  test('garbage is refused, the process stays up, and the next push passes', async () => {
    const world = await NodeWorld.create({
      ...serverFiles,
      'main.ts': `import { parentPort } from 'node:worker_threads'; parentPort.postMessage({ kind: 'answer', id: 1 });\n${serverFiles['main.ts']}`,
    });
    await world.start();
    const valid = await world.envelope({ 'answer.ts': answerSaying('two') });
    const deep = JSON.parse(`${'['.repeat(100)}${']'.repeat(100)}`) as unknown;
    for (const garbage of [
      undefined,
      null,
      7,
      'text',
      [],
      {},
      { pushData: 7 },
      { pushData: { pushGuid: {} } },
      deep,
      { ...valid, pushData: { ...valid.pushData, statement: 'a.b.c' } },
    ]) {
      world.link.send(garbage);
    }
    world.link.send(valid);
    // Refused envelopes are reported under the name that they gave; the valid one is this push's last report.
    await world.event('applied');
    expect(await world.get()).toBe('two 1');
  });
});
