import {
  isApproval,
  limits,
  ok,
  problemOf,
  refuse,
  type Approval,
  type Certificate,
  type Problem,
  type Result,
  type Verb,
} from '@cd-push/protocol';

import { repeatedDigestOf } from '../crypto/digest.ts';
import type { Awaitable, SigningKey } from '../crypto/port.ts';
import type { Address } from '../objects/address.ts';
import { openCertificate } from './certificate.ts';
import { openDelegation, type Delegate } from './delegation.ts';
import type { FollowedIdentity } from './followed-identity.ts';
import { openJws, signJws } from './jws.ts';
import { scopeCovers } from './scope.ts';
import type { OpenedStatement } from './statement.ts';
import type { TrustRoot } from './trust-root.ts';

export const signApproval = (approval: Approval, key: SigningKey): Promise<string> =>
  signJws('cd-push-approval+jws', approval, key);

/** An approval as it travels, with the certificate of who gave it. */
export interface SignedApproval {
  readonly approval: string;
  readonly certificate: string;
}

/** A person: approvals count people, and one may have several identities. */
export interface Person {
  readonly user: string;
  readonly identity: Address;
}

export interface Approver extends Person {
  readonly certificate: Certificate;
  readonly delegate: Delegate;
  readonly followed: FollowedIdentity;
  readonly approval: Approval;
}

export interface ApprovalsToOpen {
  readonly opened: OpenedStatement;
  readonly signer: Person;
  readonly approvals: readonly SignedApproval[];
  /** How many other people have to approve. */
  readonly required: number;
  readonly root: TrustRoot;
  /** What was pinned or seen of an identity before. */
  readonly known: (identity: string) => Awaitable<FollowedIdentity | undefined>;
}

/**
 * Verifies that enough other people approve of a statement, each by an own certificate that covers all of it. One approval
 * that does not hold refuses them all; nobody counts twice, neither by another session nor by another identity, and the
 * signer not at all: `approval-needed`. Of what is no patch, whoever knows what runs where it goes holds each approver's
 * grants against that.
 */
export const openApprovals = async ({
  opened,
  signer,
  approvals,
  required,
  root,
  known,
}: ApprovalsToOpen): Promise<Result<readonly Approver[], Problem>> => {
  if (approvals.length > limits.approvals) return refuse(bad('', `More than ${limits.approvals} approvals.`));
  const approvers: Approver[] = [];
  for (const [index, signed] of approvals.entries()) {
    const approver = await openApproval(signed, `/${index}`, opened, root, known);
    if (!approver.ok) return approver;
    const isCounted = [signer, ...approvers].some(
      ({ user, identity }) => user === approver.value.user || identity === approver.value.identity,
    );
    if (!isCounted) approvers.push(approver.value);
  }
  return approvers.length >= required
    ? ok(approvers)
    : refuse(
        problemOf('approval-needed', {
          path: '/pushData/approvals',
          detail: `${approvers.length} of ${required} other people approve.`,
        }),
      );
};

const openApproval = async (
  { approval: jws, certificate: certificateJws }: SignedApproval,
  path: string,
  opened: OpenedStatement,
  root: TrustRoot,
  known: ApprovalsToOpen['known'],
): Promise<Result<Approver, Problem>> => {
  const certificate = await openCertificate(certificateJws, root);
  if (!certificate.ok) return refuse({ ...certificate.problem, path: `/pushData/approvals${path}` });
  const { sub, identity, cnf } = certificate.value;
  const seen = await known(identity);
  const delegation = await openDelegation(certificate.value, seen);
  if (!delegation.ok) return refuse({ ...delegation.problem, path: `/pushData/approvals${path}` });
  const payload = await openJws('cd-push-approval+jws', jws, [cnf.jwk]);
  if (!isApproval(payload)) return refuse(bad(path, 'The certificate’s key did not sign this approval.'));
  const fault =
    (await disagreement(payload, certificate.value, certificateJws, opened, path)) ??
    scopeFault(payload, certificate.value, delegation.value.delegate, opened, path);
  if (fault !== undefined) return refuse(fault);
  const { delegate, followed } = delegation.value;
  return ok({
    user: sub,
    identity: delegate.identity,
    certificate: certificate.value,
    delegate,
    followed,
    approval: payload,
  });
};

const disagreement = async (
  approval: Approval,
  certificate: Certificate,
  certificateJws: string,
  { statement, digest }: OpenedStatement,
  path: string,
): Promise<Problem | undefined> => {
  if (approval.statement !== digest || approval.pushGuid !== statement.pushGuid) {
    return bad(path, 'The approval is of another statement.');
  }
  if (approval.certificate !== (await repeatedDigestOf(certificateJws))) {
    return bad(path, 'The approval names another certificate.');
  }
  if (approval.approver !== certificate.sub) return bad(path, 'The approval names another person.');
  return approval.tenant === statement.tenant && certificate.tenant === statement.tenant
    ? undefined
    : bad(path, 'The approval is of another tenant.');
};

/** Who may not push something may not approve of it either. */
const scopeFault = (
  { issuedAt }: Approval,
  certificate: Certificate,
  { scope }: Delegate,
  { statement }: OpenedStatement,
  path: string,
): Problem | undefined => {
  if (issuedAt < certificate.notBefore || issuedAt > certificate.notAfter) {
    return problemOf('bad-certificate', {
      path: `/pushData/approvals${path}`,
      detail: 'The certificate was not valid when the approval was given.',
    });
  }
  if (issuedAt < statement.issuedAt - limits.clockSkewMs) {
    return bad(path, 'The approval is older than the statement.');
  }
  if (statement.kind !== 'patch') return undefined;
  for (const { resource, from, restores } of statement.patches) {
    const verb: Verb = restores === undefined ? 'push' : 'rollback';
    for (const name of from === undefined ? [resource] : [resource, from]) {
      if (scopeCovers(scope, verb, name, statement.environment, issuedAt)) continue;
      return problemOf('forbidden', {
        path: `/pushData/approvals${path}`,
        resource: name,
        detail: `The approver has no right to ${verb} this resource in "${statement.environment}".`,
      });
    }
  }
  return undefined;
};

const bad = (path: string, detail: string): Problem =>
  problemOf('bad-signature', { path: `/pushData/approvals${path}`, detail });
