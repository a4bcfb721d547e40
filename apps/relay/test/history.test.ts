import {
  type Answer,
  type GetChanges,
  type GetChangesAnswer,
  type GetHistory,
  type GetHistoryAnswer,
  type GetSourceAnswer,
  type ICdPushEnvelop,
  type PushAnswer,
} from '@cd-push/protocol';
import { digestOf, nextFrame, storedBlob } from '@cd-push/timeline';
import { beforeEach, describe, expect, it } from 'vitest';

import type { Client, RuntimeClient } from './support/clients.ts';
import { patchPush, type File, type SignedPush } from './support/envelopes.ts';
import { tenant, type SigningLogin } from './support/memory-authority.ts';
import { Stack } from './support/stack.ts';

const cart = '/shop/src/cart.ts';
const page = '/shop/src/page.html';

let stack: Stack;
let sender: Client;
let login: SigningLogin;
beforeEach(async () => {
  stack = await Stack.start();
  ({ client: sender, login } = await stack.sender());
});

const valueOf = <Value>(answer: Answer<Value>): Value => {
  if (!answer.status) throw new Error(JSON.stringify(answer.error));
  return answer;
};
const history = async (query: Partial<GetHistory>, client = sender): Promise<GetHistoryAnswer> =>
  valueOf(
    await client.ask<Answer<GetHistoryAnswer>>('get-history', { environment: 'development', ...query }),
  );
const changes = async (
  since: GetChanges['since'],
  more: Partial<GetChanges> = {},
): Promise<GetChangesAnswer> =>
  valueOf(
    await sender.ask<Answer<GetChangesAnswer>>('get-changes', {
      environment: 'development',
      prefix: '/shop',
      since,
      ...more,
    }),
  );

/** Pushes files that the relay has to take. */
const push = async (...files: readonly File[]): Promise<SignedPush> => {
  const signed = await patchPush(login, files);
  const answer = await sender.push(signed.envelope);
  if (!answer.status) throw new Error(JSON.stringify(answer.error));
  return signed;
};
const digestAfter = (before: SignedPush | undefined): string | null => before?.heads[0]?.digest ?? null;
/** The next version of the cart. */
const cartWith = (text: string, before?: SignedPush): Promise<SignedPush> =>
  push({ resource: cart, text, predecessor: digestAfter(before) });
const versionOf = ({ heads: [head] }: SignedPush): number => head!.version;

/** A push that names the content of an earlier version without bringing it. */
const rollback = async (
  to: SignedPush,
  over: SignedPush,
  head: Partial<SignedPush['heads'][number]> = {},
): Promise<SignedPush> => {
  const [before] = to.heads;
  return patchPush(login, [
    {
      resource: cart,
      predecessor: digestAfter(over),
      content: { encoding: 'stored' },
      head: {
        digest: before!.digest,
        bytes: before!.bytes,
        restores: before!.version,
        ...head,
      } as Partial<SignedPush['heads'][number]>,
    },
  ]);
};

describe('[HISTORY-1] the versions of a file', () => {
  it('are told the latest first: what was signed, by whom, when, and how its push came out', async () => {
    const { client } = await stack.runtime();
    const first = await cartWith('one');
    await client.apply(first.statement);
    const second = await cartWith('two', first);
    const { versions, next } = await history({ resource: cart });
    expect(next).toBeUndefined();
    expect(versions).toMatchObject([
      {
        resource: cart,
        version: versionOf(second),
        ordinal: 2,
        change: 'put',
        componentType: 'module',
        digest: await digestOf('two'),
        predecessor: await digestOf('one'),
        bytes: 3,
        inPlace: true,
        stored: true,
        pushGuid: second.pushGuid,
        signer: login.session.subject,
        session: login.session.id,
        statement: second.statement,
        outcome: 'open',
        completed: 0,
        recipients: 1,
      },
      { ordinal: 1, predecessor: null, inPlace: false, stored: true, pushGuid: first.pushGuid },
    ]);
  });

  it('are told of in pages, and counted through', async () => {
    await stack.runtime();
    let last: SignedPush | undefined;
    for (const text of ['1', '2', '3', '4', '5']) last = await cartWith(text, last);
    const ordinals: number[] = [];
    let before: number | undefined;
    do {
      const answer = await history({ resource: cart, limit: 2, ...(before === undefined ? {} : { before }) });
      ordinals.push(...answer.versions.map(({ ordinal }) => ordinal));
      before = answer.next;
    } while (before !== undefined);
    expect(ordinals).toEqual([5, 4, 3, 2, 1]);
  });

  it('of a rename are told under both names, and a deletion as such', async () => {
    await stack.runtime();
    const first = await cartWith('one');
    const other = '/shop/src/basket.ts';
    const renamed = await push({
      resource: other,
      text: 'one',
      predecessor: digestAfter(first),
      head: { change: 'rename', from: cart },
    });
    await push({
      resource: other,
      predecessor: digestAfter(renamed),
      content: { encoding: 'none' },
      head: { change: 'delete', digest: null, bytes: 0 },
    });
    expect((await history({ resource: cart })).versions).toMatchObject([
      { change: 'rename', to: other, digest: null, bytes: 0, stored: true },
      { change: 'put' },
    ]);
    expect((await history({ resource: other })).versions).toMatchObject([
      { change: 'delete', digest: null, inPlace: true },
      { change: 'rename', from: cart, bytes: 3 },
    ]);
  });
});

describe('[HISTORY-2] of a folder', () => {
  it('the versions of all of its files are told, what one push brought together', async () => {
    await stack.runtime();
    const first = await push({ resource: cart, text: '1' }, { resource: page, text: '1' });
    await push({ resource: '/shop/other.ts', text: '1' });
    const last = await push({ resource: page, text: '2', predecessor: digestAfter(first) });
    const named = ({ versions }: GetHistoryAnswer) =>
      versions.map(({ resource, ordinal }) => `${resource} ${ordinal}`);
    const { versions, next } = await history({ prefix: '/shop/src', limit: 1 });
    expect(versions).toMatchObject([{ resource: page, ordinal: 2, pushGuid: last.pushGuid }]);
    expect(named(await history({ prefix: '/shop/src', limit: 1, before: next! }))).toEqual([
      `${cart} 1`,
      `${page} 1`,
    ]);
    expect(named(await history({ prefix: '/shop' }))).toHaveLength(4);
    expect(named(await history({ prefix: '/sho' }))).toEqual([]);
  });
});

describe('[HISTORY-3] who is told', () => {
  it('is whoever has a grant for the file, or sees all of the tenant; for others there is none', async () => {
    await stack.runtime();
    await cartWith('one');
    const grants = [{ prefix: '/shop/other', environments: ['*'] }];
    const { client: foreign } = await stack.sender({ grants });
    const { client: observer } = await stack.sender({ grants: [], roles: ['observer'] });
    for (const query of [{ resource: cart }, { prefix: '/shop' }] as const) {
      expect((await history(query, foreign)).versions).toEqual([]);
      expect((await history(query, observer)).versions).toHaveLength(1);
    }
    const asked = { environment: 'development', prefix: '/shop', since: { offset: 0 } };
    expect(valueOf(await foreign.ask<Answer<GetChangesAnswer>>('get-changes', asked)).changes).toEqual([]);
  });

  it('is no runtime, and a question that makes no sense is refused', async () => {
    const { client } = await stack.runtime();
    const query = { environment: 'development', resource: cart };
    expect(await client.ask('get-history', query)).toMatchObject({ error: { kind: 'forbidden' } });
    expect(await client.ask('get-changes', { ...query, prefix: '/', since: { offset: 0 } })).toMatchObject({
      error: { kind: 'forbidden' },
    });
    const both = await sender.ask('get-history', { ...query, prefix: '/shop' });
    expect(both).toMatchObject({ error: { kind: 'invalid-request' } });
    const neither = await sender.ask('get-history', { environment: 'development' });
    expect(neither).toMatchObject({ error: { kind: 'invalid-request' } });
  });
});

describe('[HISTORY-4] what has changed since', () => {
  const seen = ({ changes: all }: GetChangesAnswer) =>
    all.map(({ now, before, forgotten }) => [now.resource, now.ordinal, before?.ordinal ?? null, forgotten]);

  it('is each file that was pushed after a place, with what was in place there', async () => {
    await stack.runtime();
    const first = await cartWith('one');
    const since = (await history({ resource: cart })).versions[0]!.offset;
    const second = await cartWith('two', first);
    await cartWith('three', second);
    await push({ resource: page, text: '1' });
    expect(seen(await changes({ offset: since }))).toEqual([
      [cart, 3, 1, false],
      [page, 1, null, false],
    ]);
    expect(seen(await changes({ offset: since }, { prefix: cart }))).toEqual([[cart, 3, 1, false]]);
    expect(seen(await changes({ offset: since }, { limit: 1 }))).toEqual([[cart, 3, 1, false]]);
    const { next } = await changes({ offset: since }, { limit: 1 });
    expect(seen(await changes({ offset: since }, { after: next! }))).toEqual([[page, 1, null, false]]);
  });

  it('may be asked for by a time, which stands for the last push until then', async () => {
    await stack.runtime();
    await cartWith('one');
    const [{ offset, acceptedAt } = { offset: 0, acceptedAt: 0 }] = (await history({ resource: cart }))
      .versions;
    expect((await changes({ at: acceptedAt })).since).toBe(offset);
    expect((await changes({ at: acceptedAt - 1 })).since).toBe(0);
  });
});

describe('[ROLLBACK-1] a patch that says which version it brings back', () => {
  const problemOf = (answer: PushAnswer) => (answer.status ? undefined : answer.error);
  let first: SignedPush;
  let second: SignedPush;
  beforeEach(async () => {
    await stack.runtime();
    first = await cartWith('one');
    second = await cartWith('two', first);
  });
  const sent = async (head: Parameters<typeof rollback>[2]): Promise<ReturnType<typeof problemOf>> =>
    problemOf(await sender.push((await rollback(first, second, head)).envelope));

  it('is taken where that version has this content, and is a version like any other', async () => {
    expect(await sent({})).toBeUndefined();
    const { versions } = await history({ resource: cart });
    expect(versions.map(({ ordinal, restores, digest }) => [ordinal, restores, digest])).toEqual([
      [3, versionOf(first), first.heads[0]!.digest],
      [2, undefined, second.heads[0]!.digest],
      [1, undefined, first.heads[0]!.digest],
    ]);
    expect(versions[0]!.version).toBeGreaterThan(versionOf(second));
  });

  it('is refused where the file has no such version: not-found', async () => {
    expect(await sent({ restores: versionOf(first) - 1 })).toMatchObject({
      kind: 'not-found',
      path: '/pushData/statement/patches/0/restores',
      resource: cart,
    });
  });

  it('is refused where it is another file’s: not-found', async () => {
    const other = await push({ resource: page, text: 'one' });
    expect(await sent({ restores: versionOf(other) })).toMatchObject({ kind: 'not-found' });
  });

  it('is refused where that version had another content, or another source map: invalid-envelope', async () => {
    const wrong = {
      kind: 'invalid-envelope',
      path: '/pushData/statement/patches/0/restores',
      resource: cart,
    };
    expect(await sent({ restores: versionOf(second) })).toMatchObject(wrong);
    expect(await sent({ mapDigest: await digestOf('map') })).toMatchObject(wrong);
  });

  it('goes back to before the first version as a deletion alone', async () => {
    expect(await sent({ restores: 0 })).toMatchObject({ kind: 'bad-signature' });
    const gone = { change: 'delete', digest: null, bytes: 0, restores: 0 } as const;
    const deletion = await patchPush(login, [
      {
        resource: cart,
        predecessor: digestAfter(second),
        content: { encoding: 'none' },
        head: gone,
      },
    ]);
    expect(problemOf(await sender.push(deletion.envelope))).toBeUndefined();
    expect((await history({ resource: cart })).versions[0]).toMatchObject({
      change: 'delete',
      restores: 0,
      digest: null,
    });
  });

  it('shows in what is told of its push', async () => {
    const back = await rollback(first, second);
    await sender.push(back.envelope);
    const { push: view } = valueOf(
      await sender.ask<Answer<{ push: { patches: object[] } }>>('get-track', { pushGuid: back.pushGuid }),
    );
    expect(view.patches).toMatchObject([{ resource: cart, restores: versionOf(first) }]);
  });
});

describe('[ROLLBACK-2] what is brought back was named by its digest alone', () => {
  const contentsOf = ({ pushData }: ICdPushEnvelop) => pushData.contents;
  const next = (client: RuntimeClient) => client.next<ICdPushEnvelop>('apply-runtime-patch');

  it('and goes out whole, so that nobody has to fetch it', async () => {
    const { client } = await stack.runtime();
    const first = await cartWith('one');
    const second = await cartWith('two', first);
    await next(client);
    await next(client);
    await sender.push((await rollback(first, second)).envelope);
    expect(contentsOf(await next(client))).toEqual([{ encoding: 'text', text: 'one' }]);
  });

  it('and reaches who was away when it returns', async () => {
    const { client, login: away } = await stack.runtime();
    const first = await cartWith('one');
    await client.apply(first.statement);
    const second = await cartWith('two', first);
    await client.apply(second.statement);
    client.close();
    const back = await rollback(first, second);
    expect(await sender.push(back.envelope)).toMatchObject({ status: true });
    const heads = second.heads.map(({ resource, version, digest }) => ({ resource, version, digest }));
    const { client: returned } = await stack.join(away, 'one', heads);
    const envelope = await next(returned);
    expect(envelope.pushData.pushGuid).toBe(back.pushGuid);
    expect(contentsOf(envelope)).toEqual([{ encoding: 'text', text: 'one' }]);
  });
});

describe('[HISTORY-5] a file as it was saved', () => {
  const askFor = (version: number, client = sender) =>
    client.ask<Answer<GetSourceAnswer>>('get-source', {
      environment: 'development',
      resource: cart,
      version,
    });

  it('is given to whoever sees its version, where a frame says what that was', async () => {
    await stack.runtime();
    const source = await storedBlob('export const one: number = 1;\n');
    const digest = await digestOf('made of it');
    const patch = { resource: cart, componentType: 'module', change: 'put', digest } as const;
    const origin = { tenant, environment: 'development', resource: cart };
    const { ref, objects } = await nextFrame({ origin, patch, source: source.address, parent: undefined });
    const json = (bytes: Uint8Array) => ({ json: new TextDecoder().decode(bytes) });
    const framed = await patchPush(
      login,
      [{ resource: cart, text: 'made of it', head: { frame: ref.address } }],
      {
        pushData: {
          history: [{ text: 'export const one: number = 1;\n' }, ...objects.map(({ bytes }) => json(bytes))],
        },
      },
    );
    expect(await sender.push(framed.envelope)).toMatchObject({ status: true });
    const { versions } = await history({ resource: cart });
    expect(versions).toMatchObject([{ frame: ref.address, source: source.address }]);
    expect(valueOf(await askFor(versionOf(framed)))).toMatchObject({
      source: source.address,
      text: 'export const one: number = 1;\n',
    });
    const grants = [{ prefix: '/shop/other', environments: ['*'] }];
    const { client: foreign } = await stack.sender({ grants });
    expect(await askFor(versionOf(framed), foreign)).toMatchObject({ error: { kind: 'not-found' } });
  });

  it('is not-found of a version that has no frame, and of none', async () => {
    await stack.runtime();
    const first = await cartWith('one');
    expect((await history({ resource: cart })).versions[0]).not.toHaveProperty('source');
    for (const version of [versionOf(first), 7])
      expect(await askFor(version)).toMatchObject({ error: { kind: 'not-found', path: '/version' } });
  });
});
