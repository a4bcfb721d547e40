import type {
  IdentityClaim,
  IdentityEvent,
  Inception,
  PublicKey,
  Revocation,
  Rotation,
  Scope,
} from '@cd-push/protocol';
import { platform } from '#crypto';

import type { PrivateKeyJwk } from '../crypto/port.ts';
import type { Address } from '../objects/address.ts';
import { identityAddressOf, identityKind, signIdentityEvent } from './identity-event.ts';
import { thumbprintOf } from './key-thumbprint.ts';

/**
 * What a developer's machine keeps of an identity with one key, where its owner alone can read it. It has to be on disk
 * before one of its events is sent: a machine that forgot an event would make another one of the same number, and forks are
 * refused for good.
 */
export interface KeptIdentity {
  readonly v: 1;
  /** Address of the inception. */
  readonly identity: Address;
  /** Inception and rotations, oldest first. */
  readonly establishments: readonly [Inception, ...Rotation[]];
  /** Address of the last of them. */
  readonly established: Address;
  readonly n: number;
  /** Address of event n. */
  readonly tip: Address;
  /** Events that are not known to be registered yet, oldest first. */
  readonly pending: readonly IdentityEvent[];
  readonly isRevoked: boolean;
  /** The key in force. */
  readonly key: PrivateKeyJwk;
}

/** The key of the next rotation, kept apart from the one in force: who takes one of them has not the other. */
export interface KeptNextKey {
  readonly v: 1;
  readonly identity: Address;
  readonly key: PrivateKeyJwk;
}

/** Makes an identity, with one key in force and one for the next rotation. */
export const createIdentity = async (): Promise<{
  readonly kept: KeptIdentity;
  readonly next: KeptNextKey;
}> => {
  const [key, nextKey] = await Promise.all([platform.generatePrivateKey(), platform.generatePrivateKey()]);
  const signer = await platform.importPrivateKey(key);
  const inception = await signIdentityEvent(
    {
      kind: identityKind,
      op: 'inception' as const,
      n: 0 as const,
      previous: null,
      establishment: null,
      keys: [signer.publicKey],
      threshold: 1,
      next: [await thumbprintOf(publicHalf(nextKey))],
      nextThreshold: 1,
    },
    [signer],
  );
  const identity = await identityAddressOf(inception);
  return {
    kept: {
      v: 1,
      identity,
      establishments: [inception],
      established: identity,
      n: 0,
      tip: identity,
      pending: [inception],
      isRevoked: false,
      key,
    },
    next: { v: 1, identity, key: nextKey },
  };
};

/** Puts the next key in force and makes another next one. What the old key has claimed holds until it expires. */
export const rotateIdentity = async (
  kept: KeptIdentity,
  next: KeptNextKey,
): Promise<{ readonly kept: KeptIdentity; readonly next: KeptNextKey }> => {
  if (next.identity !== kept.identity) throw new TypeError('The next key is of another identity.');
  const afterNext = await platform.generatePrivateKey();
  const signer = await platform.importPrivateKey(next.key);
  const rotation: Rotation = await signIdentityEvent(
    {
      ...followOn(kept),
      op: 'rotation' as const,
      keys: [signer.publicKey],
      threshold: 1,
      next: [await thumbprintOf(publicHalf(afterNext))],
      nextThreshold: 1,
    },
    [signer],
  );
  const after = await withEvent(kept, rotation);
  const [inception, ...rotations] = kept.establishments;
  return {
    kept: {
      ...after,
      establishments: [inception, ...rotations, rotation],
      established: after.tip,
      key: next.key,
    },
    next: { v: 1, identity: kept.identity, key: afterNext },
  };
};

/** What an identity lets a session do. */
export interface SessionToClaim {
  /** Address of the session's first frame. */
  readonly target: Address;
  /** The session's. */
  readonly key: PublicKey;
  readonly scope: Scope;
}

/** Certifies a session. */
export const claimSession = async (
  kept: KeptIdentity,
  { target, key, scope }: SessionToClaim,
): Promise<{ readonly kept: KeptIdentity; readonly claim: IdentityClaim }> => {
  const claim: IdentityClaim = await signIdentityEvent(
    { ...followOn(kept), op: 'claim' as const, verb: 'sync' as const, target, key, scope },
    [await platform.importPrivateKey(kept.key)],
  );
  return { kept: await withEvent(kept, claim), claim };
};

/** Ends the identity, for good. */
export const revokeIdentity = async (
  kept: KeptIdentity,
): Promise<{ readonly kept: KeptIdentity; readonly revocation: Revocation }> => {
  const revocation: Revocation = await signIdentityEvent({ ...followOn(kept), op: 'revocation' as const }, [
    await platform.importPrivateKey(kept.key),
  ]);
  return { kept: { ...(await withEvent(kept, revocation)), isRevoked: true }, revocation };
};

/** The same without the events that are registered: those up to number n. */
export const registeredUpTo = (kept: KeptIdentity, n: number): KeptIdentity => ({
  ...kept,
  pending: kept.pending.filter((event) => event.n > n),
});

const followOn = ({
  n,
  tip,
  established,
}: KeptIdentity): { kind: typeof identityKind; n: number; previous: Address; establishment: Address } => ({
  kind: identityKind,
  n: n + 1,
  previous: tip,
  establishment: established,
});

const withEvent = async (kept: KeptIdentity, event: IdentityEvent): Promise<KeptIdentity> => ({
  ...kept,
  n: event.n,
  tip: await identityAddressOf(event),
  pending: [...kept.pending, event],
});

const publicHalf = ({ kty, crv, x }: PrivateKeyJwk): PublicKey => ({ kty, crv, x });
