import { limits, type PatchContent, type PatchHead } from '@cd-push/protocol';
import { digestOf, openContent } from '@cd-push/timeline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { Publisher } from '../src/publisher/publisher.ts';
import type { PushRequest } from '../src/publisher/push-request.ts';
import { accept, patchesOf, put, refuse, SenderWorld, type Arrived } from './support/sender-world.ts';

const lines = (changed: Readonly<Record<number, string>> = {}): string =>
  Array.from(
    { length: 600 },
    (_, index) => changed[index] ?? `export const line${index} = ${index * 7919};`,
  ).join('\n');

let world: SenderWorld;
let publisher: Publisher;
let answered = 0;

const another = (deltas?: boolean): Publisher => {
  const { connection, session } = world;
  return new Publisher({ connection, session, ...(deltas === undefined ? {} : { deltas }) });
};

beforeEach(async () => {
  world = await SenderWorld.start();
  publisher = another(true);
  answered = 0;
});
afterEach(async () => {
  publisher.close();
  await world[Symbol.asyncDispose]();
});

/** Pushes, and answers what arrives. */
const push = async (request: PushRequest, answer: (one: Arrived) => void = accept): Promise<Arrived> => {
  publisher.push(request);
  const one = await world.nth(answered);
  answered += 1;
  answer(one);
  return one;
};

const contentOf = ({ envelope }: Arrived): PatchContent => envelope.pushData.contents![0]!;
const encodings = (): string[] => world.arrived.map((one) => contentOf(one).encoding);
const headOf = (one: Arrived): PatchHead => patchesOf(one)[0]!;

const module = (content: string, map: string): PushRequest => ({
  ...put(''),
  patches: [{ change: 'put', resource: '/shop/a.ts', componentType: 'module', content, map }],
});

describe('a file that was pushed before', () => {
  test('[DELTA-5] travels as what differs from what was accepted last', async () => {
    await push(put(lines()));
    const text = lines({ 7: 'changed' });
    const second = await push(put(text));
    const content = contentOf(second);
    if (content.encoding !== 'delta') throw new Error(content.encoding);
    expect(content.base).toBe(headOf(second).predecessor);
    const held = { content: lines(), map: undefined };
    expect(await openContent(headOf(second), content, held)).toMatchObject({ ok: true, value: { text } });
    expect(content.delta.length).toBeLessThan(60);
    await push(put(lines({ 7: 'changed', 500: 'again' })));
    expect(encodings()).toEqual(['text', 'delta', 'delta']);
  });

  test('[DELTA-5] with a source map, upon the map that came with it', async () => {
    const [first, second] = ['AAAA;'.repeat(300), `${'AAAA;'.repeat(300)}AACA`];
    await push(module(lines(), first));
    const one = await push(module(lines({ 3: 'changed' }), second));
    const held = { content: lines(), map: first };
    expect(contentOf(one).encoding).toBe('delta');
    expect(await openContent(headOf(one), contentOf(one), held)).toMatchObject({
      ok: true,
      value: { map: second },
    });
    // The relay has no map to take a difference from.
    await push(put(lines(), '/shop/b.ts'));
    await push({
      ...module(lines({ 3: 'changed' }), second),
      patches: [
        {
          change: 'put',
          resource: '/shop/b.ts',
          componentType: 'module',
          content: lines({ 3: 'x' }),
          map: second,
        },
      ],
    });
    expect(encodings()).toEqual(['text', 'delta', 'text', 'text']);
  });

  test('[DELTA-5] and is renamed, upon the content of its old name', async () => {
    await push(put(lines()));
    const renamed = await push({
      ...put(''),
      patches: [
        {
          change: 'rename',
          from: '/shop/a.html',
          resource: '/shop/b.html',
          componentType: 'template',
          content: lines({ 1: 'renamed' }),
        },
      ],
    });
    expect(contentOf(renamed)).toMatchObject({ encoding: 'delta', base: await digestOf(lines()) });
  });

  test('travels whole where it is small, or has changed much, or where something else is in place by now', async () => {
    await push(put('small'));
    await push(put('small!'));
    await push(put(lines(), '/shop/b.html'));
    await push(put(lines().split('').toReversed().join(''), '/shop/b.html'));
    await push(put(lines(), '/shop/c.html'));
    world.heads = [{ resource: '/shop/c.html', version: Date.now(), digest: await digestOf('another’s') }];
    await push(put(lines({ 1: 'x' }), '/shop/c.html'), (one) =>
      refuse(one, 'conflict', { path: '/pushData/statement/patches/0' }),
    );
    await push(put(lines({ 1: 'y' }), '/shop/c.html'));
    expect(encodings().filter((_, index) => index !== 5)).toEqual(Array.from({ length: 6 }, () => 'text'));
  });

  test('travels whole where the last push of it was not accepted', async () => {
    await push(put(lines()), (one) => refuse(one, 'forbidden'));
    await push(put(lines({ 1: 'x' })));
    expect(encodings()).toEqual(['text', 'text']);
  });

  test('[DELTA-5] is sent whole once more where the relay has not what a delta is upon', async () => {
    await push(put(lines()));
    await push(put(lines({ 1: 'x' })), (one) =>
      refuse(one, 'bad-signature', { path: '/pushData/contents/0' }),
    );
    const again = await world.nth(answered);
    expect(again.envelope.pushData.pushGuid).toBe(world.arrived[1]!.envelope.pushData.pushGuid);
    expect(again.statement).toEqual(world.arrived[1]!.statement);
    expect(contentOf(again)).toEqual({ encoding: 'text', text: lines({ 1: 'x' }) });
    accept(again);
    answered += 1;
    // A whole one that is refused for the same is refused.
    const push3 = publisher.push(put(lines({ 2: 'x' })));
    refuse(await world.nth(3), 'bad-signature', { path: '/pushData/contents/0' });
    refuse(await world.nth(4), 'bad-signature', { path: '/pushData/contents/0' });
    expect(await push3.accepted).toMatchObject({ status: false, error: { kind: 'bad-signature' } });
    expect(world.arrived).toHaveLength(5);
  });

  test('travels whole to a relay on this machine, unless it is asked for otherwise', async () => {
    publisher.close();
    publisher = another();
    await push(put(lines()));
    await push(put(lines({ 1: 'x' })));
    expect(encodings()).toEqual(['text', 'text']);
  });

  test('is remembered as long as all that is remembered is not too much', async () => {
    const large = (resource: string, end: string): PushRequest =>
      put(`${'x'.repeat(900_000)}${end}`, resource);
    const files = Array.from({ length: 20 }, (_, index) => `/shop/${index}.html`);
    for (const file of files) await push(large(file, ''));
    await push(large(files[0]!, '!'));
    await push(large(files[19]!, '!'));
    expect(encodings().slice(20)).toEqual(['text', 'delta']);
    expect(limits.contentBytes).toBeGreaterThan(900_000 * 20);
  });
});
