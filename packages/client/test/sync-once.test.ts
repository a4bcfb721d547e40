import { problemOf } from '@cd-push/protocol';
import {
  cryptoPlatform,
  makeGenesis,
  MemorySpace,
  newSeed,
  openSession,
  OpeningVerifier,
  SessionSigner,
  type Signing,
} from '@cd-push/timeline';
import { expect, onTestFinished, test } from 'vitest';

import type { PersonSession, SessionSource } from '../src/session/access.ts';
import { syncOnce } from '../src/sync/open-sync.ts';
import { answering, cutWith, startFakeRelay, type FakeRelay } from './support/fake-relay.ts';
import { developerSession } from './support/fake-session.ts';

const relayThat = async (options: Parameters<typeof startFakeRelay>[0] = {}): Promise<FakeRelay> => {
  const relay = await startFakeRelay(options);
  onTestFinished(() => relay[Symbol.asyncDispose]());
  return relay;
};

/** Signs in a way that no relay has to believe. */
const signing = async (): Promise<Signing> => {
  const key = await cryptoPlatform.importPrivateKey(await cryptoPlatform.generatePrivateKey());
  const session = await openSession({
    identity: 'sha256-x',
    key,
    seed: newSeed(),
    nonce: 'n'.repeat(16),
    pools: {},
  });
  const scope = { verbs: ['sync' as const], grants: [], expiresAt: Number.MAX_SAFE_INTEGER };
  const authority = { principal: 'sha256-y', session: undefined, key: key.publicKey, scope };
  return {
    signer: new SessionSigner(session),
    verifier: new OpeningVerifier({ authority, nonce: session.tip }, Date.now),
  };
};

/** A person's sessions, whose turns are signed by this. */
const personWith = async (own: Signing): Promise<SessionSource> => {
  const session = await developerSession();
  const person: PersonSession = { ...(await session.connecting()), syncSigning: () => own };
  return Object.assign(session, { connecting: () => Promise.resolve(person) });
};

const timeline = makeGenesis({ n: 1 });

const syncWith = async (relay: FakeRelay, session: SessionSource, signal?: AbortSignal) => {
  const { address } = await timeline;
  return syncOnce({
    relayUrl: relay.url,
    session,
    space: new MemorySpace(),
    wanted: { timelines: [address] },
    signal,
  });
};

/** Nobody is connected any more. */
const expectClosed = (relay: FakeRelay): Promise<void> =>
  expect.poll(() => relay.sockets.map(({ connected }) => connected)).not.toContain(true);

test('a relay that refuses the session: the refusal is what is told, and no connection stays', async () => {
  const relay = await relayThat({ refuse: () => problemOf('forbidden') });
  await expect(syncWith(relay, await developerSession())).rejects.toMatchObject({
    problem: { kind: 'forbidden' },
  });
  expect(relay.sockets).toEqual([]);
});

test('a relay that cuts in the handshake: it is not tried again, and no connection stays', async () => {
  const relay = await relayThat({ onConnection: (socket) => setImmediate(() => cutWith(socket, 4001)) });
  await expect(syncWith(relay, await personWith(await signing()))).rejects.toMatchObject({
    problem: { kind: 'unavailable' },
  });
  await expectClosed(relay);
  expect(relay.sockets).toHaveLength(1);
});

test('a session that may not sign turns: the connection does not stay for that', async () => {
  const relay = await relayThat();
  await expect(syncWith(relay, await developerSession())).rejects.toMatchObject({
    problem: { kind: 'forbidden' },
  });
  await expectClosed(relay);
});

test.each([
  ['a refusal', { status: false, error: problemOf('bad-identity') }, 'bad-identity'],
  ['nonsense', { status: true, context: 'x' }, 'unsupported-version'],
])('an answer that is %s ends the saga, and the connection with it', async (_title, answer, kind) => {
  const relay = await relayThat({ onConnection: (socket) => answering(socket, 'sync-turn', () => answer) });
  await expect(syncWith(relay, await personWith(await signing()))).rejects.toMatchObject({
    problem: { kind },
  });
  await expectClosed(relay);
});

test('who gives up while the relay is at work gets the own reason, and the connection ends', async () => {
  const giveUp = new AbortController();
  const relay = await relayThat({
    onConnection: (socket) => socket.on('sync-turn', () => giveUp.abort(new Error('Enough.'))),
  });
  await expect(syncWith(relay, await personWith(await signing()), giveUp.signal)).rejects.toThrow('Enough.');
  await expectClosed(relay);
});
