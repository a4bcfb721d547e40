import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { answerSaying, NodeWorld, serverFiles } from './node-world.ts';

describe('a Node program', () => {
  test('resolves bare imports from its project’s folder, as an ES module does', async () => {
    const world = await NodeWorld.create({
      ...serverFiles,
      'answer.ts': `import { word } from 'only-esm'; export const answer = () => word;`,
    });
    const folder = join(world.dir, 'node_modules/only-esm');
    await mkdir(folder, { recursive: true });
    const manifest = { name: 'only-esm', version: '1.0.0', exports: { '.': { import: './index.mjs' } } };
    await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
    await writeFile(join(folder, 'index.mjs'), `export const word = 'native';`);
    await world.start();
    expect(await world.get()).toBe('native');
  });

  test('that hangs without any push is started again', async () => {
    const world = await NodeWorld.create({
      ...serverFiles,
      'answer.ts': `export const answer = (url: string) => { if (url === '/hang') for (;;) {} return 'here'; };`,
    });
    await world.start({ limits: { hangMs: 2_000 } });
    await world.get('/hang').catch(() => undefined);
    expect(await world.event('restarting')).toMatchObject({
      problem: { kind: 'crashed', detail: expect.stringContaining('stood still') },
    });
    await world.eventAfter('restarting', 'started');
    expect(await world.get()).toBe('here');
  });

  test('whose module gives up its own change, with nobody above to take it, goes on in a fresh thread', async () => {
    const world = await NodeWorld.create({
      ...serverFiles,
      'main.ts': `${serverFiles['main.ts']}\nprocess.once('give-up', () => import.meta.hot.invalidate());`,
      'answer.ts': serverFiles['answer.ts']!.replace(
        'answer = () =>',
        'answer = (url: string) => url === "/give-up" ? String(process.emit("give-up")) :',
      ),
    });
    await world.start();
    await world.get();
    expect(await world.get('/give-up')).toBe('true');
    await world.event('handed-over');
    expect(await world.get()).toBe('one 2');
  });

  test('disposes of itself when the runtime is closed', async () => {
    const world = await NodeWorld.create({
      'main.ts': `import { writeFileSync } from 'node:fs';
import.meta.hot.dispose(() => new Promise<void>((resolve) => setTimeout(resolve)).then(() => writeFileSync(process.env.WORLD + '/left', 'disposed')));`,
    });
    await world.start();
    await world.stop();
    expect(await readFile(join(world.dir, 'left'), 'utf8')).toBe('disposed');
  });

  test('that does not come to an end of its disposal is ended all the same', async () => {
    const world = await NodeWorld.create({ 'main.ts': `import.meta.hot.dispose(() => { for (;;) {} });` });
    const runtime = await world.start({ limits: { releaseMs: 100 } });
    await runtime.close();
    expect(runtime.state().link).toBe('closed');
  });

  test('finds a push of several files as a whole or not at all', async () => {
    const world = await NodeWorld.create({
      ...serverFiles,
      'config.json': '{"word":"old"}',
      'answer.ts': `import { runtime } from 'cd-push:runtime'; export const answer = () => JSON.stringify(runtime.config('/app/config.json').get());`,
    });
    await world.start();
    const report = await world.push({
      'config.json': '{"word":"new"}',
      'answer.ts': `throw new Error('no');`,
    });
    expect(report).toMatchObject({ stage: 'failed', problem: { kind: 'apply-failed' } });
    expect(await world.get()).toBe('{"word":"old"}');
    const both = {
      'config.json': '{"word":"new"}',
      'answer.ts': `import { runtime } from 'cd-push:runtime'; const read = runtime.config('/app/config.json').get(); export const answer = () => read.word;`,
    };
    expect(await world.push(both)).toMatchObject({ stage: 'completed' });
    expect(await world.get()).toBe('new');
  });

  test('takes pushes in the order in which they come, without losing one', async () => {
    const world = await NodeWorld.create(serverFiles);
    await world.start();
    const words = Array.from({ length: 20 }, (_, index) => `w${index}`);
    const envelopes = [];
    for (const word of words) envelopes.push(await world.envelope({ 'answer.ts': answerSaying(word) }));
    for (const envelope of envelopes) world.link.send(envelope);
    const reports = await Promise.all(envelopes.map((envelope) => world.link.ended(envelope)));
    expect(reports.map(({ stage }) => stage)).toEqual(words.map(() => 'completed'));
    expect(await world.get()).toBe('w19 1');
  });
});
