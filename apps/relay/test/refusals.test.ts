import { limits, type ICdPushEnvelop, type Problem, type PushAnswer } from '@cd-push/protocol';
import { digestOf } from '@cd-push/timeline';
import { beforeEach, describe, expect, it } from 'vitest';

import type { Client } from './support/clients.ts';
import { noticePush, operationPush, patchPush, type File, type PushOptions } from './support/envelopes.ts';
import { makeKey, type SigningLogin } from './support/memory-authority.ts';
import { Stack } from './support/stack.ts';

const cart: File = { resource: '/shop/src/cart.ts', text: 'export const cart = 1;' };
type Changed = ICdPushEnvelop['pushData'];

/** What each of these is refused with; after each the same socket pushes something good. */
const push =
  (files: readonly File[], options: PushOptions = {}) =>
  (login: SigningLogin) =>
    patchPush(login, files, options).then(({ envelope }) => envelope);

const changed = (change: (pushData: Changed) => Partial<Changed>) => async (login: SigningLogin) => {
  const { envelope } = await patchPush(login, [cart]);
  return { ...envelope, pushData: { ...envelope.pushData, ...change(envelope.pushData) } };
};

const foreignTenant = 'globex';

const refusals: readonly [
  rule: string,
  make: (login: SigningLogin) => Promise<unknown>,
  kind: Problem['kind'],
  path: string | undefined,
][] = [
  ['no object', () => Promise.resolve(42), 'invalid-envelope', ''],
  ['a wrong type', changed(() => ({ pushGuid: 7 as never })), 'invalid-envelope', '/pushData/pushGuid'],
  [
    'a missing member',
    changed(() => ({ pushRecepients: undefined as never })),
    'invalid-envelope',
    '/pushData/pushRecepients',
  ],
  [
    'a key that reaches a prototype',
    async (login) =>
      JSON.parse(
        JSON.stringify((await patchPush(login, [cart])).envelope).replace('"m":""', '"m":{"__proto__":{}}'),
      ) as unknown,
    'invalid-envelope',
    '/pushData/m/__proto__',
  ],
  [
    'an event that is not the triggerEvent',
    changed(() => ({ triggerEvent: 'file-save' })),
    'invalid-envelope',
    '/pushData/triggerEvent',
  ],
  [
    'an emittEvent of the sender’s own choice',
    changed(() => ({ emittEvent: 'disconnect' })),
    'invalid-envelope',
    '/pushData/emittEvent',
  ],
  [
    'another user as sender',
    changed(({ pushRecepients }) => ({
      pushRecepients: pushRecepients.map((entry) =>
        entry.subTypeId === 1 ? { ...entry, userId: 1 } : entry,
      ),
    })),
    'sender-mismatch',
    '/pushData/pushRecepients/0/userId',
  ],
  [
    'another object as sender',
    changed(({ pushRecepients }) => ({
      pushRecepients: pushRecepients.map((entry) =>
        entry.subTypeId === 1 ? { ...entry, cdObjId: { resourceGuid: 'victim' } } : entry,
      ),
    })),
    'sender-mismatch',
    '/pushData/pushRecepients/0/cdObjId/resourceGuid',
  ],
  ...[3, 4, 5, 6, 8, 9].map((subTypeId): (typeof refusals)[number] => [
    `a recipient of subTypeId ${subTypeId}`,
    changed(({ pushRecepients }) => ({ pushRecepients: [...pushRecepients, { userId: 5, subTypeId }] })),
    'unsupported-recipient',
    '/pushData/pushRecepients/2/subTypeId',
  ]),
  [
    'more recipients than the limit',
    changed(({ pushRecepients }) => ({
      pushRecepients: Array.from({ length: limits.recipients + 1 }, () => pushRecepients[0]!),
    })),
    'too-many-recipients',
    '/pushData/pushRecepients',
  ],
  [
    'no statement',
    changed(() => ({ statement: undefined as never })),
    'invalid-envelope',
    '/pushData/statement',
  ],
  [
    'no certificate',
    changed(() => ({ certificate: undefined as never })),
    'invalid-envelope',
    '/pushData/certificate',
  ],
  [
    'a statement that was altered',
    changed(({ statement }) => ({ statement: altered(statement!) })),
    'bad-signature',
    '/pushData/statement',
  ],
  [
    'a certificate that was altered',
    changed(({ certificate }) => ({ certificate: altered(certificate!) })),
    'bad-certificate',
    '/pushData/certificate',
  ],
  [
    'a statement signed with another key',
    async (login) => (await patchPush({ ...login, key: await makeKey() }, [cart])).envelope,
    'bad-signature',
    '/pushData/statement',
  ],
  [
    'another pushGuid than was signed',
    changed(() => ({ pushGuid: crypto.randomUUID() })),
    'bad-signature',
    '/pushData/pushGuid',
  ],
  [
    'other recipients than were signed',
    changed(({ pushRecepients }) => ({ pushRecepients: pushRecepients.slice(0, 1) })),
    'bad-signature',
    '/pushData/pushRecepients',
  ],
  [
    'another silence than was signed',
    changed(() => ({ isSilentSync: true })),
    'bad-signature',
    '/pushData/isSilentSync',
  ],
  [
    'another content than was signed',
    changed(() => ({ contents: [{ encoding: 'text', text: 'evil()' }] })),
    'bad-signature',
    '/pushData/contents/0',
  ],
  [
    'fewer contents than were signed',
    changed(() => ({ contents: [] })),
    'bad-signature',
    '/pushData/contents',
  ],
  [
    'another message than was signed',
    async (login) =>
      (
        await noticePush(login, 'hello', {
          pushData: { m: 'evil', triggerEvent: 'dev-sync-init', emittEvent: 'apply-runtime-patch' },
        })
      ).envelope,
    'bad-signature',
    '/pushData/triggerEvent',
  ],
  [
    'a notice under a trigger for patches',
    async (login) =>
      (await noticePush(login, 'hello', { trigger: 'dev-sync-init', emits: 'apply-runtime-patch' })).envelope,
    'invalid-envelope',
    '/pushData/statement/kind',
  ],
  [
    'a statement of another tenant',
    push([cart], { statement: { tenant: foreignTenant } }),
    'bad-signature',
    '/pushData/statement',
  ],
  [
    'a statement of another signer',
    push([cart], { statement: { signer: 'user-1' } }),
    'bad-signature',
    '/pushData/statement',
  ],
  [
    'a path with ..',
    push([{ ...cart, resource: '/shop/../etc/passwd' }]),
    'invalid-envelope',
    '/pushData/statement/patches/0/resource',
  ],
  [
    'a path without its slash',
    push([{ ...cart, resource: 'shop/a.ts' }]),
    'invalid-envelope',
    '/pushData/statement/patches/0/resource',
  ],
  [
    'a resource out of the certificate’s grants',
    push([{ ...cart, resource: '/bank/vault.ts' }]),
    'forbidden',
    '/pushData/statement/patches/0/resource',
  ],
  [
    'an environment out of the grants',
    push([cart], { environment: 'production' }),
    'forbidden',
    '/pushData/statement/patches/0/resource',
  ],
  ['one resource twice', push([cart, cart]), 'invalid-envelope', '/pushData/statement/patches/1'],
  [
    'a statement of yesterday',
    push([cart], { issuedAt: Date.now() - limits.clockSkewMs - 5_000, statement: {} }),
    'bad-certificate',
    '/pushData/statement',
  ],
  [
    'a time to deliver that has passed',
    push([cart], { deliverBy: Date.now() - 1 }),
    'expired',
    '/pushData/statement/deliverBy',
  ],
  [
    'a version that runs ahead',
    push([{ ...cart, version: Date.now() + 3_600_000 }]),
    'invalid-envelope',
    '/pushData/statement/patches/0/version',
  ],
  [
    'a delta upon nothing',
    push([{ ...cart, content: { encoding: 'delta', base: `sha256-${'A'.repeat(43)}`, delta: 'AAAA' } }]),
    'bad-signature',
    '/pushData/contents/0',
  ],
  [
    'a module that nobody runs',
    push([cart], { targets: [{ select: { module: 'nobody' } }] }),
    'no-recipients',
    '/pushData/pushRecepients',
  ],
  [
    'a runtime that nobody knows',
    push([cart], { targets: [{ guid: 'nobody' }] }),
    'no-recipients',
    '/pushData/pushRecepients',
  ],
  [
    'more selectors than the limit',
    push([cart], {
      targets: Array.from({ length: 257 }, (_, index) => ({ select: { labels: { seat: String(index) } } })),
    }),
    'too-many-recipients',
    '/pushData/pushRecepients',
  ],
];

describe('the line refuses', () => {
  let stack: Stack;
  beforeEach(async () => {
    stack = await Stack.start();
  });

  it.each(refusals)(
    '%s, naming kind and place, and takes the next good push',
    async (_, make, kind, path) => {
      await stack.runtime();
      const { client, login } = await stack.sender({ certificate: { notBefore: Date.now() - 30_000 } });
      const bad = await client.ask<PushAnswer>('dev-sync-init', await make(login));
      expect(bad).toMatchObject({ status: false, error: { kind, path } });
      expectNoSecret(bad, login);
      const good = await patchPush(login, [{ resource: `/shop/${crypto.randomUUID()}.ts`, text: '1' }]);
      expect(await client.push(good.envelope)).toMatchObject({ status: true });
    },
  );

  it('a statement that is not fresh by the relay’s clock', async () => {
    await stack.runtime();
    const { client, login } = await stack.sender({ certificate: { notBefore: Date.now() - 600_000 } });
    for (const issuedAt of [
      Date.now() - limits.clockSkewMs - 5_000,
      Date.now() + limits.clockSkewMs + 5_000,
    ]) {
      const { envelope } = await patchPush(login, [cart], { issuedAt });
      expect(await client.push(envelope)).toMatchObject({
        status: false,
        error: { kind: 'bad-signature', path: '/pushData/statement/issuedAt' },
      });
    }
  });

  it('a certificate of another session, issuer or tenant', async () => {
    await stack.runtime();
    const other = await stack.authority.developer();
    const { client, login } = await stack.sender();
    const foreign = await stack.sender({ signedBy: await makeKey() });
    const elsewhere = await stack.sender({ certificate: { tenant: foreignTenant } });
    const cases: [Client, SigningLogin][] = [
      [client, { ...other, session: { ...other.session, user: login.session.user } }],
      [foreign.client, foreign.login],
      [elsewhere.client, elsewhere.login],
    ];
    for (const [socket, signer] of cases) {
      const { envelope } = await patchPush(signer, [cart]);
      expect(await socket.push(envelope)).toMatchObject({
        status: false,
        error: { kind: 'bad-certificate', path: '/pushData/certificate' },
      });
    }
  });

  it('pushes of observers and runtimes', async () => {
    const runtime = await stack.runtime();
    const observer = await stack.sender({ roles: ['observer'] });
    const { envelope } = await patchPush(observer.login, [cart]);
    for (const socket of [observer.client, runtime.client]) {
      expect(await socket.push(envelope)).toMatchObject({ status: false, error: { kind: 'forbidden' } });
    }
  });

  it('what the grants no longer cover, although the certificate does', async () => {
    await stack.runtime();
    const { client, login } = await stack.sender();
    stack.authority.change({ kind: 'grants-changed', user: login.session.user.id, grants: [] });
    const { envelope } = await patchPush(login, [cart]);
    expect(await client.push(envelope)).toMatchObject({ status: false, error: { kind: 'forbidden' } });
  });

  it('unknown, reserved and prototype event names alike', async () => {
    const { client } = await stack.sender();
    const events = [
      'no-such-trigger',
      'error',
      '__proto__',
      'constructor',
      'toString',
      'push-msg-relayed',
      'problem',
    ];
    for (const event of events) {
      expect(await client.ask(event, {})).toMatchObject({
        status: false,
        error: { kind: 'unknown-trigger' },
      });
    }
  });

  it('an operation under a grant of a part of the module, which a notice may have', async () => {
    await stack.runtime();
    const grants = [{ prefix: '/shop/styles', environments: ['development'] }];
    const part = await stack.sender({ grants });
    const operation = await operationPush(part.login, 'wipe', {});
    expect(await part.client.push(operation.envelope)).toMatchObject({
      status: false,
      error: { kind: 'no-recipients' },
    });
    expect(await part.client.push((await noticePush(part.login, 'hello')).envelope)).toMatchObject({
      status: true,
    });
    const whole = await stack.sender();
    expect(await whole.client.push((await operationPush(whole.login, 'wipe', {})).envelope)).toMatchObject({
      status: true,
    });
  });

  it('a resource of a module that the runtime does not run', async () => {
    await stack.runtime({ module: 'depot' });
    const { client, login } = await stack.sender({ grants: [{ prefix: '/', environments: ['*'] }] });
    const { envelope } = await patchPush(login, [cart], { targets: [{ select: { module: 'depot' } }] });
    expect(await client.push(envelope)).toMatchObject({ status: false, error: { kind: 'no-recipients' } });
  });

  it('a runtime out of reach in the words in which it refuses an unknown one', async () => {
    const hidden = await stack.runtime({ module: 'bank' });
    const { client, login } = await stack.sender();
    const answers = [];
    for (const guid of [hidden.login.session.runtime.guid, crypto.randomUUID()]) {
      const { envelope } = await noticePush(login, 'hello', { targets: [{ guid }] });
      const answer = await client.push(envelope);
      answers.push(JSON.stringify(answer).replaceAll(guid, 'GUID'));
    }
    expect(answers[0]).toBe(answers[1]);
    expect(answers[0]).toContain('no-recipients');
  });

  it('content of more bytes than were signed', async () => {
    await stack.runtime();
    const { client, login } = await stack.sender();
    const { envelope } = await patchPush(login, [
      { ...cart, head: { bytes: 3, digest: await digestOf(cart.text!) } },
    ]);
    expect(await client.push(envelope)).toMatchObject({ status: false, error: { kind: 'bad-signature' } });
  });
});

const expectNoSecret = (answer: unknown, login: SigningLogin): void => {
  expect(JSON.stringify(answer)).not.toContain(login.token);
};

/** Changes the payload and leaves the form intact. */
const altered = (jws: string): string => {
  const [header, payload = '', signature] = jws.split('.');
  const last = payload.at(-2) === 'A' ? 'B' : 'A';
  return [header, payload.slice(0, -2) + last + payload.at(-1), signature].join('.');
};
