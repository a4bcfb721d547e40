import { beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { sha256, Signer, type FileChange, type PushOptions } from '../signer.ts';
import { LineWorld } from './line-world.ts';

let signer: Signer;
let world: LineWorld;
beforeAll(async () => {
  signer = await Signer.create();
});
const base = { '/app/a.css': 'base' };
beforeEach(async () => {
  world = await new LineWorld(signer).start(base);
});

const version = Date.now();
const file = (content: string | null, over: Partial<FileChange> = {}): FileChange => ({
  resource: '/app/a.css',
  type: 'config',
  version,
  content,
  predecessor: sha256('base'),
  ...over,
});
const push = (change: FileChange, options: PushOptions = {}) => signer.patch([change], options);
/** To before the first version, which is the one in place. */
const toServed = (over: Partial<FileChange> = {}): FileChange =>
  file(null, { version: version + 1, predecessor: sha256('bad'), restores: 0, ...over });

describe('[ROLLBACK-3] a rollback', () => {
  test('to the version before puts that in place, under a higher version', async () => {
    await world.take(await push(file('good')));
    await world.take(await push(file('bad', { version: version + 1, predecessor: sha256('good') })));
    const back = file('good', { version: version + 2, predecessor: sha256('bad'), restores: version });
    expect(await world.take(await push(back))).toContain('completed');
    expect(world.texts.get('/app/a.css')).toBe('good');
    expect(world.state.standing('/app/a.css')).toMatchObject({
      version: version + 2,
      digest: sha256('good'),
    });
  });

  test('of a version that never took effect here runs nothing anew, and is known from then on', async () => {
    await world.take(await push(file('good')));
    const unfit = file('unfit', { version: version + 1, predecessor: sha256('good') });
    expect(await world.take(await push(unfit))).toContain('failed:apply-failed');
    const back = file('good', { version: version + 2, predecessor: sha256('unfit'), restores: version });
    expect(await world.take(await push(back))).toEqual(['told', 'kept', 'completed']);
    expect(world.state.heads()).toEqual([
      { resource: '/app/a.css', version: version + 2, digest: sha256('good') },
    ]);
  });
});

describe('[ROLLBACK-3] a rollback to before the first version', () => {
  test('puts in place what was served, and the next push follows', async () => {
    await world.take(await push(file('bad')));
    expect(await world.take(await push(toServed()))).toContain('apply:base');
    expect(world.texts.get('/app/a.css')).toBe('base');
    expect(world.state.heads()).toEqual([
      { resource: '/app/a.css', version: version + 1, digest: sha256('base') },
    ]);
    const next = file('better', { version: version + 2, predecessor: null });
    expect(await world.take(await push(next))).toContain('completed');
  });

  test('is known when it comes again, after a restart too', async () => {
    await world.take(await push(file('bad')));
    const envelope = await push(toServed());
    await world.take(envelope);
    await world.start(base);
    expect(await world.take(envelope)).toEqual(['completed']);
  });

  test('takes away what nobody served', async () => {
    const created = { resource: '/app/new.css', predecessor: null };
    await world.take(await push(file('bad', created)));
    expect(await world.take(await push(toServed({ ...created, predecessor: sha256('bad') })))).toContain(
      'apply:-',
    );
    expect(world.texts.has('/app/new.css')).toBe(false);
  });

  test('runs nothing anew where what is served is in place still', async () => {
    expect(await world.take(await push(toServed()))).toEqual(['told', 'kept', 'completed']);
    expect(world.state.standing('/app/a.css').version).toBe(version + 1);
  });

  test('says so where what was served is gone, or is something else by now', async () => {
    await world.take(await push(file('bad')));
    world.onServed = () => new TextEncoder().encode('other');
    expect(await world.take(await push(toServed()))).toEqual(['failed:unavailable']);
    world.onServed = () => {
      throw new TypeError('Failed to fetch');
    };
    expect(await world.take(await push(toServed()))).toEqual(['failed:unavailable']);
    expect(world.problems.at(-1)?.detail).toContain('Failed to fetch');
    expect(world.texts.get('/app/a.css')).toBe('bad');
  });

  test('a plain deletion deletes', async () => {
    const gone = file(null, { predecessor: sha256('base') });
    expect(await world.take(await push(gone))).toContain('apply:-');
    expect(world.texts.has('/app/a.css')).toBe(false);
  });
});
