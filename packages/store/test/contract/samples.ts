import { randomUUID } from 'node:crypto';

import { epochMs, type EpochMs, type PublicKey } from '@cd-push/protocol';

import type { Change, NewJoinCode, NewSession, NewUser, Store } from '../../src/index.ts';

/** Opens a store that is empty; the suite closes it. */
export type OpenStore = () => Promise<Store>;

export const at: EpochMs = epochMs(1_000_000);
export const later = (milliseconds: number): EpochMs => epochMs(at + milliseconds);

export const publicKey = (letter: string): PublicKey => ({
  kty: 'OKP',
  crv: 'Ed25519',
  x: letter.repeat(43),
});

export const newUser = (name: string, more: Partial<NewUser> = {}): NewUser => ({
  name,
  passwordHash: `hash of ${name}`,
  roles: ['developer'],
  grants: [{ prefix: '/shop', environments: ['development'] }],
  at,
  ...more,
});

export const makeUser = async (store: Store, name: string): Promise<number> => {
  const user = await store.users.create(newUser(name));
  if (user === undefined) throw new Error(`${name} exists`);
  return user.id;
};

export const newSession = (userId: number, more: Partial<NewSession> = {}): NewSession => ({
  id: randomUUID(),
  userId,
  clientId: 'cli',
  publicKey: publicKey('A'),
  acting: null,
  createdAt: at,
  expiresAt: later(10_000),
  ...more,
});

export const newJoinCode = (createdBy: number, more: Partial<NewJoinCode> = {}): NewJoinCode => ({
  id: randomUUID(),
  hash: randomUUID(),
  module: 'shop',
  environment: 'development',
  labels: { floor: '2' },
  groups: [],
  identities: null,
  approvals: 0,
  uses: 1,
  createdBy,
  createdAt: at,
  expiresAt: later(5_000),
  ...more,
});

/** Makes a runtime by a join code of that user. */
export const makeRuntime = async (
  store: Store,
  createdBy: number,
  groups: readonly string[] = [],
): Promise<string> => {
  const code = newJoinCode(createdBy, { groups });
  await store.joinCodes.create(code);
  const guid = randomUUID();
  const runtime = await store.joinCodes.enrol({
    hash: code.hash,
    guid,
    name: 'till',
    publicKey: publicKey('B'),
    at,
  });
  if (runtime === undefined) throw new Error('the join code was not taken');
  return guid;
};

/** What the feed tells of after a sequence. */
export const changesAfter = async (store: Store, sequence: number): Promise<Change[]> =>
  (await store.changes.after(sequence, 1000)).map(({ change }) => change);
