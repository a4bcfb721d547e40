import {
  ok,
  problemOf,
  refuse,
  type Certificate,
  type IdentityClaim,
  type Problem,
  type PublicKey,
  type Result,
  type Scope,
} from '@cd-push/protocol';

import { isAddress, type Address } from '../objects/address.ts';
import { claimIn, follow, type FollowedIdentity } from './followed-identity.ts';
import { grantsWithin } from './scope.ts';

/** Who a session speaks for, and what it may say: proven by the identity's own keys. */
export interface Delegate {
  readonly identity: Address;
  /** Address of the session's first frame. */
  readonly session: Address;
  readonly key: PublicKey;
  /** What the identity has claimed, as far as the issuer grants it; until the claim ends. */
  readonly scope: Scope;
}

/** A delegation that holds. */
export interface OpenedDelegation {
  readonly delegate: Delegate;
  /** What is known of the identity now; to be kept, so that what was seen first holds. */
  readonly followed: FollowedIdentity;
}

/**
 * Verifies that the identity which a certificate names has itself claimed the certificate's session and key, and that the
 * issuer grants nothing beyond the claim. The issuer's own signature is {@link openCertificate}'s matter; one without the
 * other proves nothing.
 *
 * @param known what was pinned or seen of the identity before; undefined where it is seen for the first time.
 */
export const openDelegation = async (
  certificate: Certificate,
  known: FollowedIdentity | undefined,
): Promise<Result<OpenedDelegation, Problem>> => {
  const { identity, delegation } = certificate;
  const { establishments, claim } = delegation;
  const followed = await follow(known, establishments);
  if (!followed.ok) return refuse(within('establishments', followed.problem));
  if (followed.value.identity !== identity) return refuse(bad('It names another identity than it proves.'));
  const fault = await claimIn(followed.value, claim);
  if (fault !== undefined) return refuse(within('claim', fault));
  const differs = disagreement(certificate, claim);
  if (differs !== undefined) return refuse(differs);
  const { target, key, scope } = claim;
  if (!isAddress(target)) return refuse(bad('The claim names no session.'));
  const { verbs, grants } = certificate;
  return ok({
    delegate: {
      identity: followed.value.identity,
      session: target,
      key,
      scope: { verbs, grants, expiresAt: scope.expiresAt },
    },
    followed: followed.value,
  });
};

const disagreement = (certificate: Certificate, claim: IdentityClaim): Problem | undefined => {
  const { scope } = claim;
  if (claim.target !== certificate.session) return bad('The identity has claimed another session.');
  if (claim.key.x !== certificate.cnf.jwk.x) return bad('The identity has claimed another key.');
  if (certificate.notAfter > scope.expiresAt) return bad('It holds longer than the identity has claimed.');
  if (certificate.verbs.some((verb) => !scope.verbs.includes(verb))) {
    return bad('It is for more than the identity has claimed.');
  }
  return grantsWithin(certificate.grants, scope.grants)
    ? undefined
    : bad('It grants more than the identity has claimed.');
};

const within = (member: string, problem: Problem): Problem => ({
  ...problem,
  path: `/pushData/certificate/delegation/${member}${problem.path ?? ''}`,
});

const bad = (detail: string): Problem =>
  problemOf('bad-certificate', { path: '/pushData/certificate', detail });
