import { problemOf, type GetHeadsAnswer, type TimelineObject } from '@cd-push/protocol';
import {
  addressOf,
  append,
  appendMerge,
  dataOf,
  digestOf,
  linkTo,
  nextFrame,
  storedBlob,
  storedObject,
  utf8,
  type Address,
  type FrameRef,
  type StoredObject,
} from '@cd-push/timeline';
import { describe, expect, it } from 'vitest';

import { patchPush, type SignedPush } from './support/envelopes.ts';
import { tenant, type SigningLogin } from './support/memory-authority.ts';
import { Stack } from './support/stack.ts';

const resource = '/shop/src/cart.ts';

/** A save as the publisher of a sender makes it: its frame upon a parent, and what the relay needs to take it. */
const save = async (
  login: SigningLogin,
  source: string,
  parent?: { readonly ref: FrameRef; readonly text: string },
  change: {
    readonly frame?: (made: string) => string;
    readonly history?: (sent: TimelineObject[]) => TimelineObject[];
    readonly resource?: string;
    readonly digest?: string;
  } = {},
): Promise<{ readonly push: SignedPush; readonly ref: FrameRef; readonly text: string }> => {
  const text = `made of ${source}`;
  const blob = await storedBlob(source);
  const name = change.resource ?? resource;
  const { ref, objects } = await nextFrame({
    origin: { tenant, environment: 'development', resource: name },
    patch: {
      resource: name,
      componentType: 'module',
      change: 'put',
      digest: change.digest ?? (await digestOf(text)),
    },
    source: blob.address,
    parent: parent?.ref,
  });
  const history = [{ text: source }, ...objects.map(json)];
  const push = await pushOf(login, name, text, parent?.text, {
    frame: change.frame?.(ref.address) ?? ref.address,
    history: change.history?.(history) ?? history,
  });
  return { push, ref, text };
};

const pushOf = async (
  login: SigningLogin,
  name: string,
  text: string,
  before: string | undefined,
  { frame, history }: { readonly frame: string; readonly history: TimelineObject[] },
): Promise<SignedPush> => {
  const predecessor = before === undefined ? null : await digestOf(before);
  return patchPush(login, [{ resource: name, text, predecessor, head: { frame } }], {
    pushData: { history },
  });
};

const json = ({ bytes }: StoredObject): TimelineObject => ({ json: new TextDecoder().decode(bytes) });

const begun = async () => {
  const stack = await Stack.start();
  const runtime = await stack.runtime();
  const { client: sender, login } = await stack.sender();
  return { stack, runtime, sender, login };
};

describe('[FRAME] what a push brings to the timeline of its file', () => {
  it('[FRAME-1] is kept with the push: the head names the frame, and the next save follows it', async () => {
    const { runtime, sender, login } = await begun();
    const first = await save(login, 'one');
    expect(await sender.push(first.push.envelope)).toMatchObject({ status: true });
    const copy = await runtime.client.apply(first.push.statement);
    expect(copy.pushData).not.toHaveProperty('history');

    const heads = await sender.ask<GetHeadsAnswer>('get-heads', {
      environment: 'development',
      resources: [resource],
    });
    expect(heads.heads).toMatchObject([{ resource, frame: { ...first.ref, isElsewhere: false } }]);
    const second = await save(login, 'two', first);
    expect(second.ref.height).toBe(2);
    expect(await sender.push(second.push.envelope)).toMatchObject({ status: true });
  });

  it('[FRAME-2] follows the tip: who builds on an older frame is told of the conflict, whatever it says of the content', async () => {
    const { sender, login } = await begun();
    const first = await save(login, 'one');
    await sender.push(first.push.envelope);
    const theirs = await save(login, 'theirs', first);
    await sender.push(theirs.push.envelope);
    const ours = await save(login, 'ours', { ref: first.ref, text: theirs.text });
    expect(await sender.push(ours.push.envelope)).toMatchObject({
      status: false,
      error: { kind: 'conflict', resource, current: { digest: await digestOf(theirs.text) } },
    });
  });

  it('[FRAME-3] a merge brings the frames that it joins, and is taken upon the tip', async () => {
    const { sender, login } = await begun();
    const first = await save(login, 'one');
    await sender.push(first.push.envelope);
    const theirs = await save(login, 'theirs', first);
    await sender.push(theirs.push.envelope);
    const ours = await save(login, 'ours', first);
    const text = 'made of both';
    const source = await storedBlob('both');
    const patch = { resource, componentType: 'module', change: 'put', digest: await digestOf(text) } as const;
    const merged = await appendMerge(ours.ref, theirs.ref, {
      data: dataOf(patch, source.address),
      merge: {
        base: [first.ref.address],
        graftbase: theirs.ref.address,
        graftorphan: ours.ref.address,
        algorithm: 'by-hand',
        syntax: null,
      },
    });
    const history = [...(ours.push.envelope.pushData.history ?? []), { text: 'both' }, json(merged)];
    const alone = await pushOf(login, resource, text, theirs.text, {
      frame: merged.address,
      history: history.slice(-2),
    });
    expect(await sender.push(alone.envelope)).toMatchObject({
      status: false,
      error: { kind: 'missing-object' },
    });
    const whole = await pushOf(login, resource, text, theirs.text, { frame: merged.address, history });
    expect(await sender.push(whole.envelope)).toMatchObject({ status: true });
  });

  it.each([
    ['a frame that was not brought', 'missing-object', { history: () => [] }],
    ['a source that was not brought', 'missing-object', { history: (sent) => sent.slice(1) }],
    ['a timeline without its beginning', 'missing-object', { history: ([blob, , frame]) => [blob!, frame!] }],
    ['a frame that says another content than is signed', 'bad-frame', { digest: `sha256-${'A'.repeat(43)}` }],
    [
      'a structured object in another spelling',
      'bad-object',
      {
        history: ([blob, genesis, frame]) => [
          blob!,
          genesis!,
          { json: ` ${(frame as { json: string }).json}` },
        ],
      },
    ],
    [
      'what is no object',
      'bad-object',
      { history: (sent: TimelineObject[]) => [...sent, { json: '{"kind":"cd-push/other/1"}' }] },
    ],
  ] satisfies [string, string, Parameters<typeof save>[3]][])(
    '[FRAME-4] %s is refused as %s, and nothing is kept of it',
    async (_, kind, change) => {
      const { sender, login } = await begun();
      const { push } = await save(login, 'one', undefined, change);
      const answer = await sender.push(push.envelope);
      expect(answer).toMatchObject({ status: false, error: { kind } });
      expect(await sender.push((await save(login, 'one')).push.envelope)).toMatchObject({ status: true });
    },
  );

  it('[FRAME-3] one that holds a conflict is not deployed, whatever is signed beside it', async () => {
    const { sender, login } = await begun();
    const first = await save(login, 'one');
    await sender.push(first.push.envelope);
    const text = 'made of two';
    const [mine, theirs] = [await storedBlob('mine'), await storedBlob('theirs')];
    const patch = { resource, componentType: 'module', change: 'put', digest: await digestOf(text) } as const;
    const conflict = {
      kind: 'cd-push/conflict/1',
      base: null,
      sides: [linkTo(mine.address), linkTo(theirs.address)].toSorted((a, b) => (a['/'] < b['/'] ? -1 : 1)),
    };
    const unsettled = await append(first.ref, { data: { ...dataOf(patch, null), source: conflict } });
    const push = await pushOf(login, resource, text, first.text, {
      frame: unsettled.address,
      history: [{ text: 'mine' }, { text: 'theirs' }, json(unsettled)],
    });
    expect(await sender.push(push.envelope)).toMatchObject({
      status: false,
      error: { kind: 'unresolved-conflict', resource },
    });
  });

  it('[FRAME-5] a frame of another file’s timeline is refused', async () => {
    const { sender, login } = await begun();
    const other = await save(login, 'other', undefined, { resource: '/shop/src/other.ts' });
    await sender.push(other.push.envelope);
    const text = 'made of one';
    const patch = { resource, componentType: 'module', change: 'put', digest: await digestOf(text) } as const;
    const source = await storedBlob('one');
    const stray = await append(other.ref, { data: dataOf(patch, source.address) });
    const push = await pushOf(login, resource, text, undefined, {
      frame: stray.address,
      history: [{ text: 'one' }, json(stray)],
    });
    expect(await sender.push(push.envelope)).toMatchObject({
      status: false,
      error: { kind: 'bad-frame', resource, path: '/pushData/statement/patches/0/frame' },
    });
  });

  it('[FRAME-6] an address that names nothing of ours is refused', async () => {
    const { sender, login } = await begun();
    const address = await addressOf('raw', utf8('a blob'));
    const { push } = await save(login, 'one', undefined, { frame: () => address });
    expect(await sender.push(push.envelope)).toMatchObject({
      status: false,
      error: { kind: 'missing-object' },
    });
  });

  it('[FRAME-7] a file that names no frame leaves its timeline where it is', async () => {
    const { sender, login } = await begun();
    const first = await save(login, 'one');
    await sender.push(first.push.envelope);
    const plain = await patchPush(login, [
      { resource, text: 'plain', predecessor: await digestOf(first.text) },
    ]);
    expect(await sender.push(plain.envelope)).toMatchObject({ status: true });
    const heads = await sender.ask<GetHeadsAnswer>('get-heads', {
      environment: 'development',
      resources: [resource],
    });
    expect(heads.heads).toMatchObject([{ digest: await digestOf('plain'), frame: first.ref }]);
  });

  describe('[FRAME-8] what a frame may refer to of what is here already', () => {
    const vault = '/vault/src/keys.ts';
    const secret = 'a source that is nobody else’s';

    /** Another module, of which the sender has no grant, with a file of one save. */
    const besideVault = async () => {
      const world = await begun();
      await world.stack.runtime({ module: 'vault' });
      const grants = [{ prefix: '/vault', environments: ['development'] }];
      const owner = await world.stack.sender({ grants });
      const kept = await save(owner.login, secret, undefined, { resource: vault });
      const targets = [{ select: { module: 'vault' } }];
      const push = await patchPush(
        owner.login,
        [{ resource: vault, text: kept.text, head: { frame: kept.ref.address } }],
        { targets, pushData: { history: kept.push.envelope.pushData.history ?? [] } },
      );
      expect(await owner.client.push(push.envelope)).toMatchObject({ status: true });
      return { ...world, kept };
    };

    /** A first save that names a blob or a frame without bringing it. */
    const referring = async (login: SigningLogin, refers: { source?: Address; restores?: Address }) => {
      const text = 'made of one';
      const { source = (await storedBlob('one')).address, restores } = refers;
      const patch = {
        resource,
        componentType: 'module',
        change: 'put',
        digest: await digestOf(text),
      } as const;
      const origin = { tenant, environment: 'development', resource };
      const { ref, objects } = await nextFrame({ origin, patch, source, parent: undefined, restores });
      const history = [...(refers.source === undefined ? [{ text: 'one' }] : []), ...objects.map(json)];
      return pushOf(login, resource, text, undefined, { frame: ref.address, history });
    };

    it('is no blob of a file that its sender may not read, whoever knows its address', async () => {
      const { sender, login } = await besideVault();
      const { address } = await storedBlob(secret);
      const push = await referring(login, { source: address });
      expect(await sender.push(push.envelope)).toMatchObject({
        status: false,
        error: { kind: 'missing-object', resource: address },
      });
    });

    it('is no frame of such a file either, and what is not here at all is refused alike', async () => {
      const { sender, login, kept } = await besideVault();
      const absent = await storedObject({ kind: 'cd-push/constant/1', data: {}, links: {} });
      for (const address of [kept.ref.address, absent.address]) {
        const push = await referring(login, { restores: address });
        expect(await sender.push(push.envelope)).toEqual({
          status: false,
          error: problemOf('missing-object', {
            resource: address,
            path: '/pushData/history',
            detail: expect.stringMatching(/^b\w+ refers to it\.$/) as string,
          }),
        });
      }
    });

    it('may be what another file of the sender’s has', async () => {
      const { sender, login } = await begun();
      const other = await save(login, 'shared', undefined, { resource: '/shop/src/other.ts' });
      await sender.push(other.push.envelope);
      const push = await referring(login, { restores: other.ref.address });
      expect(await sender.push(push.envelope)).toMatchObject({ status: true });
    });
  });

  it('[FRAME-9] a frame that brings a version back has the source of that version', async () => {
    const { stack, sender, login } = await begun();
    const first = await save(login, 'one');
    await sender.push(first.push.envelope);
    const second = await save(login, 'two', first);
    await sender.push(second.push.envelope);
    const scope = { verbs: ['connect', 'sync', 'rollback'] as const };
    const { client, login: keeper } = await stack.sender({ scope: { verbs: [...scope.verbs] } });
    const restoring = async (source: string) => {
      const { address } = await storedBlob(source);
      const digest = await digestOf(first.text);
      const { ref, objects } = await nextFrame({
        origin: { tenant, environment: 'development', resource },
        patch: { resource, componentType: 'module', change: 'put', digest },
        source: address,
        parent: second.ref,
        restores: first.ref.address,
      });
      const head = { frame: ref.address, restores: first.push.heads[0]!.version };
      const predecessor = await digestOf(second.text);
      return patchPush(keeper, [{ resource, text: first.text, predecessor, head }], {
        pushData: { history: [{ text: source }, ...objects.map(json)] },
      });
    };
    expect(await client.push((await restoring('what nobody pushed')).envelope)).toMatchObject({
      status: false,
      error: { kind: 'bad-frame', resource, path: '/pushData/statement/patches/0/frame' },
    });
    expect(await client.push((await restoring('one')).envelope)).toMatchObject({ status: true });
  });

  it('[FRAME-9] is taken without that source, which is here: the frame of the version refers to it', async () => {
    const { sender, login } = await begun();
    const first = await save(login, 'one');
    await sender.push(first.push.envelope);
    const second = await save(login, 'two', first);
    await sender.push(second.push.envelope);
    const digest = await digestOf(first.text);
    const { ref, objects } = await nextFrame({
      origin: { tenant, environment: 'development', resource },
      patch: { resource, componentType: 'module', change: 'put', digest },
      source: (await storedBlob('one')).address,
      parent: second.ref,
      restores: first.ref.address,
    });
    const head = { frame: ref.address, restores: first.push.heads[0]!.version };
    const predecessor = await digestOf(second.text);
    const back = await patchPush(login, [{ resource, text: first.text, predecessor, head }], {
      pushData: { history: objects.map(json) },
    });
    expect(await sender.push(back.envelope)).toMatchObject({ status: true });
  });
});
