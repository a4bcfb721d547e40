import { randomBytes } from 'node:crypto';

import {
  protocolVersion,
  type Head,
  type ICdPushEnvelop,
  type PatchContent,
  type PatchHead,
} from '@cd-push/protocol';
import { digestOf, openContent } from '@cd-push/timeline';
import { beforeEach, describe, expect, it } from 'vitest';

import type { Client, RuntimeClient } from './support/clients.ts';
import { patchPush, type File, type SignedPush } from './support/envelopes.ts';
import type { SigningLogin } from './support/memory-authority.ts';
import { Stack } from './support/stack.ts';

const cart = '/shop/src/cart.ts';
const logo = '/shop/logo.png';

let stack: Stack;
let sender: { client: Client; login: SigningLogin };
beforeEach(async () => {
  stack = await Stack.start();
  sender = await stack.sender();
});

const push = async (file: File, before?: SignedPush): Promise<SignedPush> => {
  const predecessor = before?.heads.find(({ resource }) => resource === file.resource)?.digest ?? null;
  const signed = await patchPush(sender.login, [{ ...file, predecessor }]);
  expect(await sender.client.push(signed.envelope)).toMatchObject({ status: true });
  return signed;
};

const headOf = ({ resource, version, digest }: PatchHead): Head => ({ resource, version, digest });

/** Lines of a file, of which some say something else. */
const lines = (changed: Readonly<Record<number, string>> = {}): string =>
  Array.from(
    { length: 400 },
    (_, index) => changed[index] ?? `export const line${index} = ${index * 7919};`,
  ).join('\n');

describe('[CATCHUP-1] a hello that names a place of the journal', () => {
  it('is gone on from where the journal is the same and has come so far', async () => {
    const runtime = await stack.runtime();
    const signed = await push({ resource: cart, text: '1' });
    const { pushData } = await runtime.client.next<ICdPushEnvelop>('apply-runtime-patch');
    const { epoch } = runtime.welcome.journal;
    const journal = { epoch, offset: pushData.offset ?? 0 };
    const back = await stack.join(runtime.login, 'one', signed.heads.map(headOf), { journal });
    expect(back.welcome).toMatchObject({ catchUp: 0, journal: { epoch } });
    expect(back.welcome.reset).toBeUndefined();
    expect(back.welcome.journal.offset).toBeGreaterThanOrEqual(journal.offset);
  });

  it.each([
    ['of another journal', 'epoch', () => ({ epoch: crypto.randomUUID(), offset: 3 })],
    ['that it has not come to', 'future', (epoch: string) => ({ epoch, offset: Number.MAX_SAFE_INTEGER })],
  ] as const)('%s is told so, and gets what is in place by what it holds', async (_, reset, placeIn) => {
    const runtime = await stack.runtime();
    const first = await push({ resource: cart, text: '1' });
    const second = await push({ resource: cart, text: '2' }, first);
    const journal = placeIn(runtime.welcome.journal.epoch);
    const back = await stack.join(runtime.login, 'one', first.heads.map(headOf), { journal });
    expect(back.welcome).toMatchObject({ reset, catchUp: 1 });
    const { pushData } = await back.client.apply(second.statement);
    expect(pushData).toMatchObject({ pushGuid: second.pushGuid, isCatchUp: true });
  });

  it.each([
    ['negative', { offset: -1 }, '/journal/offset'],
    ['fractional', { offset: 1.5 }, '/journal/offset'],
    ['beyond all counting', { offset: 2 ** 53 }, '/journal/offset'],
    ['no number', { offset: '1' }, '/journal/offset'],
    ['in no epoch', { epoch: 'yesterday' }, '/journal/epoch'],
    ['without an offset', { offset: undefined }, '/journal'],
  ])('that is %s is refused at its place, and the runtime may say it again', async (_, wrong, path) => {
    const login = stack.authority.runtime();
    const client = await stack.client({ token: login.token }).connected();
    const hello = {
      protocol: protocolVersion,
      instance: 'one',
      kind: 'node',
      base: null,
      heads: [],
      retainedBytes: 0,
    };
    const journal = { epoch: crypto.randomUUID(), offset: 1, ...wrong };
    expect(await client.ask('runtime-hello', { ...hello, journal })).toMatchObject({
      status: false,
      error: { kind: 'invalid-request', path: expect.stringContaining(path) },
    });
    expect(await client.ask('runtime-hello', hello)).toMatchObject({ status: true, catchUp: 0 });
  });

  it('that is said again on the same connection begins anew', async () => {
    const runtime = await stack.runtime();
    const signed = await push({ resource: cart, text: '1' });
    await runtime.client.next('apply-runtime-patch');
    expect(await runtime.client.hello('one')).toMatchObject({ catchUp: 1 });
    const { pushData } = await runtime.client.apply(signed.statement);
    expect(pushData).toMatchObject({ pushGuid: signed.pushGuid, isCatchUp: true });
    await sender.client.until('push-msg-completed');
  });
});

describe('[CATCHUP-2] contents of a catch-up', () => {
  const late = (held: readonly Head[]) => stack.runtime({ name: 'late' }, 'one', held);
  const caughtUp = async (held: readonly Head[]): Promise<PatchContent | undefined> => {
    const { client } = await late(held);
    return (await client.next<ICdPushEnvelop>('apply-runtime-patch')).pushData.contents?.[0];
  };
  const encodingsOf = async (pushes: readonly SignedPush[], client: RuntimeClient): Promise<unknown[]> => {
    const encodings: unknown[] = [];
    for (const { statement } of pushes)
      encodings.push((await client.apply(statement)).pushData.contents?.[0]?.encoding);
    return encodings;
  };

  it('are what differs from what the runtime reports to hold, however many versions lie between', async () => {
    await stack.runtime();
    const first = await push({ resource: cart, text: lines() });
    const second = await push({ resource: cart, text: lines({ 3: 'changed' }) }, first);
    const text = lines({ 3: 'changed twice', 200: '', 399: 'the end 🙂' });
    const third = await push({ resource: cart, text }, second);
    const content = await caughtUp(first.heads.map(headOf));
    if (content?.encoding !== 'delta') throw new Error(content?.encoding);
    expect(content.base).toBe(first.heads[0]!.digest);
    const held = { content: lines(), map: undefined };
    expect(await openContent(third.heads[0]!, content, held)).toMatchObject({ ok: true, value: { text } });
    expect(content.delta.length).toBeLessThan(100);
  });

  it('are what differs in the source map too, from the one that came with that content', async () => {
    await stack.runtime();
    const mapped = async (text: string, map: string): Promise<File> => ({
      resource: cart,
      text,
      content: { encoding: 'text', text, map },
      head: { mapDigest: await digestOf(map) },
    });
    const map = JSON.stringify({ mappings: 'AAAA;AACA;'.repeat(300) });
    const first = await push(await mapped(lines(), map));
    const [text, newMap] = [lines({ 7: 'changed' }), `${map} `];
    const second = await push(await mapped(text, newMap), first);
    const content = await caughtUp(first.heads.map(headOf));
    if (content?.encoding !== 'delta') throw new Error(content?.encoding);
    expect(await openContent(second.heads[0]!, content, { content: lines(), map })).toMatchObject({
      ok: true,
      value: { text, map: newMap },
    });
    expect(JSON.stringify(content).length).toBeLessThan(300);
  });

  it('are what differs in the bytes of an asset', async () => {
    await stack.runtime();
    const image = Buffer.from(lines());
    const assetOf = async (bytes: Buffer): Promise<File> => {
      const base64 = bytes.toString('base64');
      return { resource: logo, content: { encoding: 'base64', base64 }, head: await headOfBytes(base64) };
    };
    const first = await push(await assetOf(image));
    const other = Buffer.concat([image, Buffer.from([0, 255])]);
    const second = await push(await assetOf(other), first);
    const content = await caughtUp(first.heads.map(headOf));
    if (content?.encoding !== 'delta') throw new Error(content?.encoding);
    const opened = await openContent(second.heads[0]!, content, { content: image, map: undefined });
    expect(opened).toMatchObject({ ok: true, value: { kind: 'bytes', bytes: new Uint8Array(other) } });
  });

  it('are whole where nothing is held, where what is held is the base’s own, and where that is shorter', async () => {
    await stack.runtime();
    const first = await push({ resource: cart, text: lines() });
    const text = lines({ 5: 'changed' });
    const second = await push({ resource: cart, text }, first);
    const whole = { encoding: 'text', text };
    expect(await caughtUp([])).toEqual(whole);
    expect(await caughtUp(first.heads.map((head) => ({ ...headOf(head), version: 0 })))).toEqual(whole);
    const short = await push({ resource: cart, text: 'short' }, second);
    expect(await caughtUp(second.heads.map(headOf))).toEqual({ encoding: 'text', text: 'short' });
    const other = randomBytes(20_000).toString('base64');
    await push({ resource: cart, text: other }, short);
    expect(await caughtUp(second.heads.map(headOf))).toEqual({ encoding: 'text', text: other });
  });

  it('are whole where the version that is reported never had that content', async () => {
    await stack.runtime();
    const first = await push({ resource: cart, text: lines() });
    const secret = await push({ resource: '/shop/other.ts', text: lines({ 1: 'secret' }) });
    const text = lines({ 5: 'changed' });
    await push({ resource: cart, text }, first);
    const lie = { ...headOf(first.heads[0]!), digest: secret.heads[0]!.digest };
    const known = headOf(secret.heads[0]!);
    expect(await caughtUp([lie, known])).toEqual({ encoding: 'text', text });
  });

  it('are the bytes as they were', async () => {
    await stack.runtime();
    const base64 = Buffer.from([0, 255, 1, 254]).toString('base64');
    await push({ resource: logo, content: { encoding: 'base64', base64 }, head: await headOfBytes(base64) });
    expect(await caughtUp([])).toEqual({ encoding: 'base64', base64 });
  });

  it('of a second push of the same file within it are upon what the first leaves', async () => {
    const runtime = await stack.runtime();
    const first = await push({ resource: cart, text: lines() });
    await runtime.client.apply(first.statement);
    await sender.client.until('push-msg-completed');
    // Both were written to it, so that neither takes the other's place.
    const second = await push({ resource: cart, text: lines({ 1: 'second' }) }, first);
    const third = await push({ resource: cart, text: lines({ 1: 'third' }) }, second);
    await runtime.client.next('apply-runtime-patch');
    await runtime.client.next('apply-runtime-patch');
    const back = await stack.join(runtime.login, 'one', first.heads.map(headOf));
    expect(back.welcome.catchUp).toBe(2);
    expect(await encodingsOf([second, third], back.client)).toEqual(['delta', 'delta']);
  });
});

describe('[CATCHUP-9] a copy for who was away', () => {
  it('travels packed, and what goes to all alike does not', async () => {
    const present = await stack.runtime();
    const first = await push({ resource: cart, text: lines() });
    await present.client.apply(first.statement);
    expect(present.client.packs).toEqual([]);
    const { client } = await stack.runtime({ name: 'late' });
    const { pushData } = await client.next<ICdPushEnvelop>('apply-runtime-patch');
    expect(pushData).toMatchObject({ ...sentOf(first), isCatchUp: true, attempt: 1 });
    expect(client.packs).toHaveLength(1);
    expect(client.packs[0]!.length).toBeLessThan(JSON.stringify(pushData).length / 3);
  });

  it('is the same bytes for all who hold the same, and others for who says otherwise', async () => {
    await stack.runtime();
    const first = await push({ resource: cart, text: lines() });
    const second = await push({ resource: cart, text: lines({ 7: 'changed' }) }, first);
    const held = first.heads.map(headOf);
    const clients = await Promise.all(
      [held, held, held.map((head) => ({ ...head, version: head.version - 1 })), []].map(
        async (heads, index) => {
          const { client } = await stack.runtime({ name: `late ${index}` }, 'one', heads);
          await client.apply(second.statement);
          return client;
        },
      ),
    );
    const [one, same, other, none] = clients.map(({ packs }) => packs[0]);
    expect(same).toEqual(one);
    // Of a version that nobody knows there is nothing to take a difference from, as of none.
    expect(other).toEqual(none);
    expect(other).not.toEqual(one);
  });

  it('of the signed statements that it skipped holds at most 400 bytes each, certificates included', async () => {
    await stack.runtime();
    const first = await push({ resource: cart, text: lines() });
    let last = first;
    for (let count = 0; count < 40; count += 1)
      last = await push({ resource: cart, text: lines({ 7: `changed ${count}` }) }, last);
    const { client } = await stack.runtime({ name: 'late' }, 'one', first.heads.map(headOf));
    const { pushData } = await client.apply(last.statement);
    expect(pushData.skipped).toHaveLength(39);
    expect(client.packs[0]!.length).toBeLessThan(40 * 400);
  });
});

/** What of a push its sender says too. */
const sentOf = ({ pushGuid, envelope }: SignedPush): object => {
  const { statement, certificate, contents } = envelope.pushData;
  return { pushGuid, statement, certificate, contents };
};

const headOfBytes = async (base64: string): Promise<Partial<PatchHead>> => {
  const bytes = new Uint8Array(Buffer.from(base64, 'base64'));
  return { componentType: 'asset', digest: await digestOf(bytes), bytes: bytes.length };
};
