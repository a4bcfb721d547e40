import {
  epochMs,
  problemOf,
  type OpenSync,
  type RelayCertificate,
  type RuntimeDelegation,
} from '@cd-push/protocol';
import {
  cryptoPlatform,
  makeGenesis,
  MemorySpace,
  openJws,
  signJws,
  signRelayCertificate,
  thumbprintOf,
  type SigningKey,
} from '@cd-push/timeline';
import type { Socket } from 'socket.io';
import { expect, onTestFinished, test } from 'vitest';

import type { AccessToken } from '../src/session/access.ts';
import { RuntimeSession } from '../src/session/runtime-session.ts';
import { syncOnce } from '../src/sync/open-sync.ts';
import { pullHistory } from '../src/sync/pull-history.ts';
import { answering, startFakeRelay, type FakeRelay } from './support/fake-relay.ts';

/** An enrolled runtime that needs no api for as long as a test lasts. */
class FakeRuntime extends RuntimeSession {
  override access(): Promise<AccessToken> {
    return Promise.resolve({ token: 'runtime-token', expiresAt: epochMs(Number.MAX_SAFE_INTEGER) });
  }
  override renew(): Promise<AccessToken> {
    return this.access();
  }
}

const makeKey = async (): Promise<SigningKey> =>
  cryptoPlatform.importPrivateKey(await cryptoPlatform.generatePrivateKey());

const issuer = 'https://issuer.test';

/** A runtime, the issuer that it believes, and a relay that this issuer has certified; unless a test says else. */
const setUp = async ({
  certifiedBy,
  certificate: changes,
  ofSession,
}: {
  readonly certifiedBy?: SigningKey;
  readonly certificate?: Partial<RelayCertificate>;
  readonly ofSession?: string;
} = {}) => {
  const [root, relayKey, key] = await Promise.all([makeKey(), makeKey(), makeKey()]);
  const session = new FakeRuntime(
    {
      apiUrl: 'http://api.test',
      resourceGuid: 'till',
      name: 'till',
      module: 'shop',
      environment: 'development',
      labels: {},
      groups: [],
      trustRoot: { issuer, tenant: 'acme', keys: [root.publicKey] },
    },
    key,
  );
  const certificate: RelayCertificate = {
    v: 1,
    iss: issuer,
    aud: 'cd-push:acceptance',
    sub: 'relay',
    tenant: '*',
    cnf: { jwk: relayKey.publicKey },
    notBefore: Date.now() - 60_000,
    notAfter: Date.now() + 3_600_000,
    ...changes,
  };
  const relayCertificate = await signRelayCertificate(certificate, certifiedBy ?? root);
  const server = await thumbprintOf(relayKey.publicKey);
  const opened: OpenSync[] = [];
  const proofs: unknown[] = [];
  const onConnection = (socket: Socket): void => {
    socket.on('open-sync', (opening: OpenSync, answer: (value: object) => void) => {
      opened.push(opening);
      void (async () => {
        const delegation = (await openJws('cd-push-delegation+jws', opening.delegation, [
          key.publicKey,
        ])) as RuntimeDelegation;
        const demand = { nonce: 'n'.repeat(32), server, pool: 'connect', demanded: ['0', '1'] };
        const payload = { v: 1, session: ofSession ?? delegation.session, challenge: demand };
        answer({
          status: true,
          challenge: await signJws('cd-push-challenge+jws', payload, relayKey),
          relayCertificate,
        });
      })();
    });
    answering(socket, 'connect-proof', (proof) => {
      proofs.push(proof);
      return { status: false, error: problemOf('challenge-failed') };
    });
  };
  return { session, onConnection, opened, proofs, key };
};

const relayThat = async (onConnection: (socket: Socket) => void): Promise<FakeRelay> => {
  const relay = await startFakeRelay({ onConnection });
  onTestFinished(() => relay[Symbol.asyncDispose]());
  return relay;
};

/** Nobody is connected any more. */
const expectClosed = (relay: FakeRelay): Promise<void> =>
  expect.poll(() => relay.sockets.map(({ connected }) => connected)).not.toContain(true);

const sync = async (relay: FakeRelay, session: RuntimeSession, signal?: AbortSignal) => {
  const { address } = await makeGenesis({ n: 1 });
  const space = new MemorySpace();
  return syncOnce({ relayUrl: relay.url, session, space, wanted: { timelines: [address] }, signal });
};

test('[SYNC-24] a runtime shows a session that its key stands behind, for what it runs, and the token alone to connect', async () => {
  const { session, onConnection, opened, key } = await setUp();
  const relay = await relayThat(onConnection);
  await expect(sync(relay, session)).rejects.toMatchObject({ problem: { kind: 'challenge-failed' } });
  expect(relay.sockets[0]?.handshake.auth).toEqual({ token: 'runtime-token' });
  const [{ genesis, delegation } = { genesis: undefined, delegation: '' }] = opened;
  expect(await openJws('cd-push-delegation+jws', delegation, [key.publicKey])).toMatchObject({
    runtime: 'till',
    tenant: 'acme',
    key: genesis?.key,
    scope: { verbs: ['connect', 'sync'], grants: [{ prefix: '/shop', environments: ['development'] }] },
  });
  expect(genesis?.identity).toBe(await thumbprintOf(key.publicKey));
  expect(genesis?.key.x).not.toBe(key.publicKey.x);
  await expectClosed(relay);
});

test.each([
  ['that another issuer has certified', async () => ({ certifiedBy: await makeKey() }), 'bad-certificate'],
  ['of another tenant', async () => ({ certificate: { tenant: 'other' } }), 'bad-certificate'],
  ['whose time is over', async () => ({ certificate: { notAfter: Date.now() - 1 } }), 'bad-certificate'],
  [
    'that demands something of another session',
    async () => ({ ofSession: `b${'a'.repeat(58)}` }),
    'challenge-failed',
  ],
] as const)(
  '[SYNC-25] to a relay %s it reveals nothing, and no connection stays',
  async (_title, options, kind) => {
    const { session, onConnection, proofs } = await setUp(await options());
    const relay = await relayThat(onConnection);
    await expect(sync(relay, session)).rejects.toMatchObject({ problem: { kind } });
    expect(proofs).toEqual([]);
    await expectClosed(relay);
  },
);

test.each([
  ['refuses the session', problemOf('forbidden'), 'forbidden'],
  ['speaks an earlier version', undefined, 'unsupported-version'],
])(
  '[SYNC-28] a relay that %s: that is what is told, and no connection stays',
  async (_title, error, kind) => {
    const { session } = await setUp();
    const relay = await relayThat((socket) =>
      answering(socket, 'open-sync', () => (error === undefined ? 'what?' : { status: false, error })),
    );
    await expect(sync(relay, session)).rejects.toMatchObject({ problem: { kind } });
    await expectClosed(relay);
    const space = new MemorySpace();
    await expect(pullHistory({ relayUrl: relay.url, session, space })).rejects.toMatchObject({
      problem: { kind },
    });
    await expectClosed(relay);
  },
);

test('[SYNC-28] who gives up while the relay is at work gets the own reason, and the connection ends', async () => {
  const { session } = await setUp();
  const giveUp = new AbortController();
  const relay = await relayThat((socket) => socket.on('open-sync', () => giveUp.abort(new Error('Enough.'))));
  await expect(sync(relay, session, giveUp.signal)).rejects.toThrow('Enough.');
  await expectClosed(relay);
});
