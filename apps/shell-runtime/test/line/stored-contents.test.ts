import { limits } from '@cd-push/protocol';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { sha256, Signer, type FileChange, type PushOptions } from '../signer.ts';
import { welcomeOf } from '../welcome.ts';
import { LineWorld } from './line-world.ts';

let signer: Signer;
let world: LineWorld;
beforeAll(async () => {
  signer = await Signer.create();
});
beforeEach(async () => {
  world = await new LineWorld(signer).start({ '/app/a.css': 'base' });
});

const version = Date.now();
const file = (content: string, over: Partial<FileChange> = {}): FileChange => ({
  resource: '/app/a.css',
  type: 'config',
  version,
  content,
  predecessor: sha256('base'),
  ...over,
});

/** A push whose contents stayed at the relay. */
const stored = (changes: readonly FileChange[], options: PushOptions = {}) =>
  signer.patch(changes, {
    ...options,
    tamper: (envelope) => {
      envelope.pushData.contents = changes.map(() => ({ encoding: 'stored' }));
      options.tamper?.(envelope);
    },
  });
const lay = (text: string, under = sha256(text)): void => {
  world.contents.set(under, Buffer.from(text));
};

describe('[CONTENT-5] content that lies at the relay', () => {
  test('is fetched by its digest, at most as many bytes as are signed, before anything is reported or applied', async () => {
    lay('one');
    lay('{}');
    expect(await world.take(await stored([file('one', { map: '{}' })]))).toEqual([
      'fetch:3',
      `fetch:${limits.contentBytes - 3}`,
      'delivered',
      'mark',
      'apply:one',
      'unmark',
      'told',
      'kept',
      'completed',
    ]);
  });

  test('is not fetched for a push that is misaddressed, stale, unaccepted, or known already', async () => {
    lay('one');
    const logOf = async (...args: Parameters<typeof stored>): Promise<string[]> =>
      world.take(await stored(...args));
    const elsewhere = { statement: { environment: 'production' } };
    expect(await logOf([file('one')], elsewhere)).toEqual(['failed:forbidden']);
    expect(await logOf([file('one')], { acceptedAt: version + 3_600_000 })).toEqual(['failed:bad-signature']);
    expect(await logOf([file('one')])).toContain('completed');
    expect(await logOf([file('one')])).toEqual(['completed']);
    expect(await logOf([file('one', { version: version - 1 })])).toEqual(['failed:stale-version']);
    const next = file('one', { version: version + 1, predecessor: sha256('other') });
    expect(await logOf([next])).toEqual(['failed:broken-chain']);
  });

  test('that cannot be fetched fails the push with a problem that names it and may be tried again', async () => {
    const envelope = await stored([file('one')]);
    expect(await world.take(envelope)).toEqual(['fetch:3', 'failed:unavailable']);
    expect(world.problems.at(-1)).toMatchObject({
      kind: 'unavailable',
      retryable: true,
      resource: '/app/a.css',
      detail: expect.stringContaining(sha256('one')),
    });
    lay('one');
    expect(await world.take(envelope)).toContain('completed');
  });

  test('that cannot be fetched because the relay went away fails nothing: the push comes again', async () => {
    const envelope = await stored([file('one')]);
    world.onFetch = () => world.line.disconnected();
    expect(await world.take(envelope)).toEqual(['fetch:3']);
    world.onFetch = () => undefined;
    world.line.welcomed(welcomeOf());
    expect(world.problems).toEqual([]);
    lay('one');
    expect(await world.take(envelope)).toContain('completed');
  });

  test('counts by its signed size and digest alone', async () => {
    lay('evil', sha256('good'));
    expect(await world.take(await stored([file('good')]))).toEqual(['fetch:4', 'failed:bad-signature']);
    lay('good and more', sha256('good'));
    expect(await world.take(await stored([file('good')]))).toEqual(['fetch:4', 'failed:bad-signature']);
    lay('good');
    lay('[]', sha256('{}'));
    expect(await world.take(await stored([file('good', { map: '{}' })]))).toContain('failed:bad-signature');
    expect(world.texts.get('/app/a.css')).toBe('base');
  });

  test('that is missing takes back all files of its push, before any is applied', async () => {
    lay('one');
    const both = [file('one'), file('two', { resource: '/app/b.css' })];
    expect(await world.take(await stored(both))).toEqual(['fetch:3', 'fetch:3', 'failed:unavailable']);
    expect(world.texts.get('/app/a.css')).toBe('base');
  });

  test('is no more for one push than one push may bring', async () => {
    const half = limits.contentBytes / 2 + 1;
    const huge = (resource: string): FileChange => ({
      ...file('x', { resource, type: 'asset' }),
      bytes: half,
    });
    world.contents.set(sha256('x'), new Uint8Array(half));
    const log = await world.take(await stored([huge('/app/a.png'), huge('/app/b.png')]));
    expect(log).toEqual([`fetch:${half}`, expect.stringMatching(/^failed:/u)]);
  });

  test('of a deletion is none', async () => {
    expect(await world.take(await stored([{ ...file(''), content: null }]))).toEqual([
      'failed:bad-signature',
    ]);
  });
});
