import { createPrivateKey } from 'node:crypto';

import type {
  IdentityClaim,
  Inception,
  PublicKey,
  Revocation,
  Rotation,
  Scope,
  Verb,
} from '@cd-push/protocol';
import {
  addressOf,
  cryptoPlatform,
  identityAddressOf,
  identityKind,
  signIdentityEvent,
  thumbprintOf,
  toBase64url,
  utf8,
  type Address,
  type PrivateKeyJwk,
  type SigningKey,
} from '../../src/index.ts';

/** What RFC 8410 puts in front of the 32 bytes of an Ed25519 private key. */
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The same key for the same number, in every run. */
export const jwkOf = (number: number): PrivateKeyJwk => {
  const secret = Buffer.alloc(32);
  secret.writeUInt32BE(number);
  const key = createPrivateKey({ key: Buffer.concat([pkcs8Head, secret]), format: 'der', type: 'pkcs8' });
  const { x = '', d = '' } = key.export({ format: 'jwk' });
  return { kty: 'OKP', crv: 'Ed25519', x, d };
};

export const keyOf = async (number: number): Promise<SigningKey> =>
  cryptoPlatform.importPrivateKey(jwkOf(number));

export const nonceOf = (name: string): string => toBase64url(utf8(`nonce of ${name}`.padEnd(24, '.')));

/** An address that something might have. */
export const someAddress = async (name: string): Promise<Address> => addressOf('json', utf8(name));

export const usualVerbs: readonly Verb[] = ['connect', 'sync', 'push'];

export const scopeUntil = (expiresAt: number, verbs: readonly Verb[] = usualVerbs): Scope => ({
  verbs: [...verbs],
  grants: [{ prefix: '/shop', environments: ['development'] }],
  expiresAt,
});

/** Numbers of the keys of one generation, and how many of them have to sign. */
export interface Generation {
  readonly keys: readonly number[];
  readonly threshold: number;
}

/** Where a log stands: what an event that follows has to say. */
export interface Place {
  readonly n: number;
  readonly previous: Address;
  readonly establishment: Address;
}

const publicKeysOf = async (numbers: readonly number[]): Promise<PublicKey[]> =>
  Promise.all(numbers.map(async (number) => (await keyOf(number)).publicKey));

const thumbprintsOf = async (numbers: readonly number[]): Promise<string[]> =>
  Promise.all(numbers.map(async (number) => thumbprintOf((await keyOf(number)).publicKey)));

export const signersOf = async (numbers: readonly number[]): Promise<SigningKey[]> =>
  Promise.all(numbers.map(keyOf));

const quorum = ({ keys, threshold }: Generation): readonly number[] => keys.slice(0, threshold);

const established = async (
  current: Generation,
  next: Generation,
): Promise<Pick<Inception, 'keys' | 'threshold' | 'next' | 'nextThreshold'>> => ({
  keys: await publicKeysOf(current.keys),
  threshold: current.threshold,
  next: await thumbprintsOf(next.keys),
  nextThreshold: next.threshold,
});

export const inceptionOf = async (
  current: Generation,
  next: Generation,
  changed: Partial<Inception> = {},
  signers = quorum(current),
): Promise<Inception> =>
  signIdentityEvent(
    {
      kind: identityKind,
      op: 'inception',
      n: 0,
      previous: null,
      establishment: null,
      ...(await established(current, next)),
      ...changed,
    },
    await signersOf(signers),
  );

export const rotationOf = async (
  place: Place,
  current: Generation,
  next: Generation,
  changed: Partial<Rotation> = {},
  signers = quorum(current),
): Promise<Rotation> =>
  signIdentityEvent(
    { kind: identityKind, op: 'rotation', ...place, ...(await established(current, next)), ...changed },
    await signersOf(signers),
  );

export const claimOf = async (
  place: Place,
  signers: readonly number[],
  changed: Partial<IdentityClaim> = {},
): Promise<IdentityClaim> =>
  signIdentityEvent(
    {
      kind: identityKind,
      op: 'claim',
      ...place,
      verb: 'sync',
      target: await someAddress('a session'),
      key: (await keyOf(9_999)).publicKey,
      scope: scopeUntil(1_000_000),
      ...changed,
    },
    await signersOf(signers),
  );

export const revocationOf = async (
  place: Place,
  signers: readonly number[],
  changed: Partial<Revocation> = {},
): Promise<Revocation> =>
  signIdentityEvent({ kind: identityKind, op: 'revocation', ...place, ...changed }, await signersOf(signers));

/** The place after an event. */
export const after = async (
  event: Inception | Rotation | IdentityClaim,
  establishment?: Address,
): Promise<Place> => {
  const previous = await identityAddressOf(event);
  return { n: event.n + 1, previous, establishment: establishment ?? previous };
};
