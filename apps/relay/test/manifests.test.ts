import type { TimelineObject } from '@cd-push/protocol';
import { openSqliteJournal, type JournalStore } from '@cd-push/store';
import {
  appendEntries,
  digestOf,
  isAncestor,
  manifestGenesis,
  MemorySpace,
  nextFrame,
  storedBlob,
  type Address,
  type FrameObject,
  type FrameRef,
  type StoredObject,
} from '@cd-push/timeline';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';

import type { Client } from './support/clients.ts';
import { patchPush } from './support/envelopes.ts';
import { tenant, type SigningLogin } from './support/memory-authority.ts';
import { Stack } from './support/stack.ts';
import { syncOver } from './support/sync-client.ts';

const environment = 'development';
const module = 'shop';
const [a, b] = ['/shop/a.ts', '/shop/b.ts'];

let journal: JournalStore;
let stack: Stack;
let sender: { client: Client; login: SigningLogin };
let space: MemorySpace;
/** Of each file, what was pushed of it, oldest first. */
let pushed: Map<string, { readonly ref: FrameRef; readonly text: string }[]>;
beforeEach(async () => {
  journal = await openSqliteJournal(':memory:', { node: crypto.randomUUID() });
  onTestFinished(() => journal.close());
  stack = await Stack.start({ journal });
  await stack.runtime();
  sender = await stack.sender();
  space = new MemorySpace();
  pushed = new Map();
});

const travelling = ({ bytes }: StoredObject): TimelineObject => ({ json: new TextDecoder().decode(bytes) });

/** One push of several files, each with its frame. */
const push = async (...resources: readonly string[]): Promise<void> => {
  const history: TimelineObject[] = [];
  const files = await Promise.all(
    resources.map(async (resource) => {
      const before = pushed.get(resource)?.at(-1);
      const n = (pushed.get(resource)?.length ?? 0) + 1;
      const [source, text] = [`source ${resource} ${n}`, `${resource} ${n}`];
      const blob = await storedBlob(source);
      const { ref, objects } = await nextFrame({
        origin: { tenant, environment, resource },
        patch: { resource, componentType: 'module', change: 'put', digest: await digestOf(text) },
        source: blob.address,
        parent: before?.ref,
      });
      space.commit({ objects: [blob, ...objects], swaps: [] });
      space.commit({
        objects: [],
        swaps: [{ timeline: ref.timeline, from: before?.ref.address, to: ref.address }],
      });
      history.push({ text: source }, ...objects.map(travelling));
      pushed.set(resource, [...(pushed.get(resource) ?? []), { ref, text }]);
      const predecessor = before === undefined ? null : await digestOf(before.text);
      return { resource, text, predecessor, head: { frame: ref.address } };
    }),
  );
  const { envelope } = await patchPush(sender.login, files, { pushData: { history } });
  expect(await sender.client.push(envelope)).toMatchObject({ status: true });
};

/** Brings a manifest to the relay that names these versions, of which the first push brought number 1. */
const bring = async (named: Readonly<Record<string, number>>, upon?: FrameObject) => {
  const genesis = await manifestGenesis({ tenant, environment, module });
  const put = new Map(
    Object.entries(named).map(([resource, n]) => [resource, frameOf(resource, n)] as const),
  );
  const manifest = await appendEntries(upon ?? genesis, { put });
  const from = space.tip(genesis.address);
  space.commit({
    objects: [genesis, manifest],
    swaps: [{ timeline: genesis.address, from, to: manifest.address }],
  });
  const { client } = await stack.sender();
  const session = await syncOver(client, space);
  return { manifest, timeline: genesis.address, done: session.sync({ timelines: [genesis.address] }).done };
};
const frameOf = (resource: string, n: number): Address => {
  const found = pushed.get(resource)?.[n - 1]?.ref.address;
  if (found === undefined) throw new Error('There is no such version.');
  return found;
};
const tipAtRelay = (timeline: Address) => journal.space(tenant).tip(timeline);

describe('[SYNC-32] a manifest that is brought to a relay', () => {
  it('is taken where it names what is in place', async () => {
    await push(a, b);
    await push(a, b);
    const { done, manifest, timeline } = await bring({ [a]: 2, [b]: 2 });
    expect(await done).toMatchObject({ timelines: expect.anything() });
    expect(await tipAtRelay(timeline)).toBe(manifest.address);
  });

  it.each([
    ['an earlier frame of one file beside a later one of another', { [a]: 1, [b]: 2 }],
    ['the other way around', { [a]: 2, [b]: 1 }],
  ])('is refused where it mixes two pushes: %s', async (_what, mixed) => {
    await push(a, b);
    await push(a, b);
    const { done, timeline } = await bring(mixed);
    await expect(done).rejects.toMatchObject({
      problem: { kind: 'bad-frame', path: expect.stringMatching(/^\/data\/entries\/~1shop~1[ab]\.ts$/u) },
    });
    expect(await tipAtRelay(timeline)).toBeUndefined();
  });

  it('is refused where it mixes two pushes both of which were overtaken', async () => {
    for (let n = 0; n < 3; n += 1) await push(a, b);
    const { done, timeline } = await bring({ [a]: 1, [b]: 2 });
    await expect(done).rejects.toMatchObject({ problem: { kind: 'bad-frame' } });
    expect(await tipAtRelay(timeline)).toBeUndefined();
  });

  it('is taken where it lags behind as a whole, since what it names was in place together', async () => {
    await push(a, b);
    await push(b);
    await push(a);
    const { done, manifest, timeline } = await bring({ [a]: 1, [b]: 2 });
    await done;
    expect(await tipAtRelay(timeline)).toBe(manifest.address);
  });

  it('is taken after a rollback, which is a later frame with what an earlier one had', async () => {
    await push(a, b);
    await push(a, b);
    const first = await bring({ [a]: 2, [b]: 2 });
    await first.done;
    // The content of the first again, under a frame of its own.
    await push(a);
    const next = await bring({ [a]: 3 }, first.manifest);
    await next.done;
    expect(await tipAtRelay(next.timeline)).toBe(next.manifest.address);
    expect(await isAncestor(space, frameOf(a, 2), frameOf(a, 3))).toBe(true);
  });

  it('is refused where it goes back behind what it named, which no rollback does', async () => {
    await push(a, b);
    await push(a, b);
    const first = await bring({ [a]: 2, [b]: 2 });
    await first.done;
    const back = await bring({ [a]: 1, [b]: 1 }, first.manifest);
    await expect(back.done).rejects.toMatchObject({ problem: { kind: 'bad-frame' } });
    expect(await tipAtRelay(back.timeline)).toBe(first.manifest.address);
  });
});
