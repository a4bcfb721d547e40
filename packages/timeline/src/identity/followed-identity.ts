import {
  ok,
  problemOf,
  refuse,
  type Establishment,
  type IdentityClaim,
  type Problem,
  type Result,
  type Revocation,
  type Rotation,
} from '@cd-push/protocol';

import type { Address } from '../objects/address.ts';
import { claimFault } from './claim.ts';
import { establishedBy, keepsCommitment, keysFault, type EstablishedKeys } from './establishment.ts';
import { signatureFault } from './event-signatures.ts';
import { identityAddressOf } from './identity-event.ts';
import { inceptionOf } from './inception.ts';

/**
 * What is known of an identity by who holds its inception, rotations and revocation alone: whose signatures count, not what
 * was claimed in between. Plain JSON, to be kept as it is: what was seen first holds.
 */
export interface FollowedIdentity {
  /** Address of the inception. */
  readonly identity: Address;
  /** Inception and rotations, oldest first. What was claimed under earlier ones holds until it expires. */
  readonly establishments: readonly [EstablishedKeys, ...EstablishedKeys[]];
  readonly isRevoked: boolean;
}

/**
 * Follows an identity through inceptions and rotations, oldest first, and a revocation. What is known already is skipped.
 * Keys that another rotation brings in the place of one that was seen are refused: `bad-identity`.
 *
 * @param known undefined where nothing of the identity was seen; the first event is its inception then.
 */
export const follow = async (
  known: FollowedIdentity | undefined,
  events: readonly (Establishment | Revocation)[],
): Promise<Result<FollowedIdentity, Problem>> => {
  let followed = known;
  for (const event of events) {
    const next = await followOne(followed, event);
    if (!next.ok) return next;
    followed = next.value;
  }
  return followed === undefined ? refuse(bad('', 'Nothing is known of this identity.')) : ok(followed);
};

/** A claim that the identity's keys of its time have signed. Whether a later claim took its place is not known here. */
export const claimIn = async (
  followed: FollowedIdentity,
  claim: IdentityClaim,
): Promise<Problem | undefined> => {
  if (followed.isRevoked) return problemOf('identity-revoked');
  const index = followed.establishments.findIndex(({ address }) => address === claim.establishment);
  const established = followed.establishments[index];
  if (established === undefined) return bad('/establishment', 'No known inception or rotation is named.');
  const replaced = followed.establishments[index + 1];
  // Keys that were rotated away claim nothing any more, and no two events have one number.
  if (claim.n <= established.n || (replaced !== undefined && claim.n >= replaced.n)) {
    return bad('/n', 'The keys that signed it were not in force at this place of the log.');
  }
  const fault = claimFault(claim, established);
  if (fault !== undefined) return bad(fault.path, fault.detail);
  const unsigned = await signatureFault(claim, await identityAddressOf(claim), established);
  return unsigned === undefined ? undefined : bad('/signatures', unsigned);
};

const followOne = async (
  followed: FollowedIdentity | undefined,
  event: Establishment | Revocation,
): Promise<Result<FollowedIdentity, Problem>> => {
  const address = await identityAddressOf(event);
  if (followed === undefined) {
    const begun = await inceptionOf(event, address);
    if (!begun.ok) return begun;
    return ok({ identity: address, establishments: [begun.value], isRevoked: false });
  }
  if (followed.establishments.some((known) => known.address === address)) return ok(followed);
  if (event.op === 'inception') return refuse(bad('', 'This is the inception of another identity.'));
  if (followed.isRevoked) {
    return event.op === 'revocation' ? ok(followed) : refuse(problemOf('identity-revoked'));
  }
  const latest = followed.establishments.at(-1) ?? followed.establishments[0];
  if (event.establishment !== latest.address) {
    return refuse(bad('/establishment', 'It does not follow the latest rotation that was seen.'));
  }
  if (event.n <= latest.n) return refuse(bad('/n', 'It stands before the rotation that it follows.'));
  if (event.op === 'revocation') {
    const unsigned = await signatureFault(event, address, latest);
    return unsigned === undefined
      ? ok({ ...followed, isRevoked: true })
      : refuse(bad('/signatures', unsigned));
  }
  const fault = await rotationFault(event, address, latest);
  if (fault !== undefined) return refuse(fault);
  const [first, ...others] = followed.establishments;
  return ok({ ...followed, establishments: [first, ...others, establishedBy(event, address)] });
};

const rotationFault = async (
  rotation: Rotation,
  address: Address,
  latest: EstablishedKeys,
): Promise<Problem | undefined> => {
  const fault = await keysFault(rotation);
  if (fault !== undefined) return bad('/keys', fault);
  if (!(await keepsCommitment(rotation, latest))) {
    return bad('/keys', 'The keys are not those that were committed to.');
  }
  const unsigned = await signatureFault(rotation, address, rotation);
  return unsigned === undefined ? undefined : bad('/signatures', unsigned);
};

const bad = (path: string, detail: string): Problem => problemOf('bad-identity', { path, detail });
