import { problemOf } from '@cd-push/protocol';
import { addressOfDigest, digestOf, sourceOf } from '@cd-push/timeline';
import { afterEach, beforeEach, expect, test } from 'vitest';

import type { RestoreInput } from '../src/index.ts';
import { patchesOf, put, SenderWorld, type Arrived } from './support/sender-world.ts';

let world: SenderWorld;

beforeEach(async () => {
  world = await SenderWorld.start();
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

const resource = '/shop/a.html';
const restore = async (more: Partial<RestoreInput> = {}): Promise<RestoreInput> => ({
  change: 'restore',
  resource,
  componentType: 'template',
  restores: 7,
  held: { digest: await digestOf('old'), bytes: 3 },
  ...more,
});
const pushed = async (...patches: readonly RestoreInput[]): Promise<Arrived> => {
  world.publisher.push({ ...put(''), patches });
  return world.nth(world.arrived.length);
};
/** The frame that the first patch names, out of what was brought. */
const frameIn = async ({
  envelope,
}: Arrived): Promise<Parameters<typeof sourceOf>[0] & { links: object }> => {
  const frames = (envelope.pushData.history ?? []).flatMap((object) =>
    'json' in object ? [object.json] : [],
  );
  const parsed = JSON.parse(frames.at(-1) ?? 'null') as Parameters<typeof sourceOf>[0] & { links: object };
  return parsed;
};

test('what is restored is named by its digest and the version that had it, and nothing of it is brought', async () => {
  world.heads = [{ resource, version: 9, digest: await digestOf('bad') }];
  const one = await pushed(
    await restore({ held: { digest: await digestOf('old'), bytes: 3, mapDigest: await digestOf('map') } }),
  );
  expect(patchesOf(one)[0]).toMatchObject({
    change: 'put',
    restores: 7,
    digest: await digestOf('old'),
    mapDigest: await digestOf('map'),
    bytes: 3,
    predecessor: await digestOf('bad'),
  });
  expect(patchesOf(one)[0]!.version).toBeGreaterThan(9);
  expect(one.envelope.pushData.contents).toEqual([{ encoding: 'stored' }]);
});

test('a version in which the file was gone is restored as a deletion, and so is what was before the first', async () => {
  const one = await pushed(
    await restore({ held: null }),
    await restore({ resource: '/shop/b', held: null, restores: 0 }),
  );
  expect(patchesOf(one)).toMatchObject([
    { change: 'delete', restores: 7, digest: null, bytes: 0 },
    { change: 'delete', restores: 0, digest: null },
  ]);
  expect(one.envelope.pushData.contents).toEqual([{ encoding: 'none' }, { encoding: 'none' }]);
});

test('a file goes back to a name that it had with what it is now, as a rename', async () => {
  world.heads = [{ resource: '/shop/now.html', version: 9, digest: await digestOf('bad') }];
  const one = await pushed(await restore({ from: '/shop/now.html' }));
  expect(patchesOf(one)[0]).toMatchObject({
    change: 'rename',
    resource,
    from: '/shop/now.html',
    restores: 7,
    predecessor: await digestOf('bad'),
  });
});

test('its frame has the source that was saved then, and names the frame whose content is brought back', async () => {
  const source = addressOfDigest('raw', await digestOf('source'));
  const frame = addressOfDigest('json', await digestOf('frame'));
  const known = await frameIn(await pushed(await restore({ source, frame })));
  expect(sourceOf(known)).toBe(source);
  expect(known.links).toEqual({ restores: [frame] });
  // Of a version without a timeline nothing else is known to have been saved than what was pushed.
  const unknown = await frameIn(await pushed(await restore({ resource: '/shop/c.html' })));
  expect(sourceOf(unknown)).toBe(addressOfDigest('raw', await digestOf('old')));
  expect(unknown.links).toEqual({});
});

test('the frame of what goes back to before the first version names the first frame of its timeline', async () => {
  const [address, timeline] = await Promise.all(
    ['frame', 'genesis'].map(async (text) => addressOfDigest('json', await digestOf(text))),
  );
  const frame = { address: address!, timeline: timeline!, height: 2, isElsewhere: false };
  world.publisher.assume('development', [{ resource, version: 9, digest: await digestOf('bad'), frame }]);
  const known = await frameIn(await pushed(await restore({ held: null, restores: 0 })));
  expect(sourceOf(known)).toBeUndefined();
  expect(known.links).toEqual({ restores: [timeline] });
});

test('heads that were decided upon are what it is placed upon, whatever was pushed since', async () => {
  world.publisher.assume('development', [{ resource, version: 9, digest: await digestOf('seen') }]);
  world.heads = [{ resource, version: 12, digest: await digestOf('pushed since') }];
  const one = await pushed(await restore());
  expect(patchesOf(one)[0]!.predecessor).toBe(await digestOf('seen'));
  expect(world.headQueries).toEqual([]);
});

test('a content that is gone is an answer: there is nothing here that could be put in its place', async () => {
  const push = world.publisher.push({ ...put(''), patches: [await restore()] });
  const gone = problemOf('not-found', { path: '/pushData/contents/0', resource });
  (await world.nth(0)).answer({ status: false, error: gone });
  expect(await push.accepted).toMatchObject({ status: false, error: gone });
  expect(world.arrived).toHaveLength(1);
});
