import {
  grantsRule,
  isApproval,
  limits,
  ok,
  problemOf,
  refuse,
  type Approval,
  type Certificate,
  type Problem,
  type Result,
  type SignedApproval,
  type Statement,
  type Verb,
} from '@cd-push/protocol';

import { repeatedDigestOf } from '../crypto/digest.ts';
import type { Awaitable, SigningKey } from '../crypto/port.ts';
import { openCertificate } from './certificate.ts';
import { openDelegation, type Delegate } from './delegation.ts';
import type { FollowedIdentity } from './followed-identity.ts';
import { openJws, signJws } from './jws.ts';
import { scopeCovers, scopeHasVerb } from './scope.ts';
import type { OpenedStatement } from './statement.ts';
import type { TrustRoot } from './trust-root.ts';

export const signApproval = (approval: Approval, key: SigningKey): Promise<string> =>
  signJws('cd-push-approval+jws', approval, key);

/** A person: approvals count people, and one may have several identities. */
export interface Person {
  readonly user: string;
  /** Address of its inception. */
  readonly identity: string;
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
  /** What runs where it goes: who approves of an operation may run operations in all of it. */
  readonly modules: readonly string[];
  readonly root: TrustRoot;
  /** What was pinned or seen of an identity before. */
  readonly known: (identity: string) => Awaitable<FollowedIdentity | undefined>;
}

/** Whether others have to approve of such a statement where a target asks for it. Who tells people something runs nothing. */
export const isApprovable = ({ kind }: Pick<Statement, 'kind'>): boolean => kind !== 'notice';

/**
 * Verifies that enough other people approve of a statement, each by an own certificate that covers all of it. One approval
 * that does not hold refuses them all; nobody counts twice, neither by another session nor by another identity, and the
 * signer not at all: `approval-needed`.
 */
export const openApprovals = async (
  asked: ApprovalsToOpen,
): Promise<Result<readonly Approver[], Problem>> => {
  const { signer, approvals, required } = asked;
  if (approvals.length > limits.approvals) return refuse(bad('', `More than ${limits.approvals} approvals.`));
  const approvers: Approver[] = [];
  for (const [index, signed] of approvals.entries()) {
    const approver = await openApproval(signed, `/${index}`, asked);
    if (!approver.ok) return approver;
    const isCounted = [signer, ...approvers].some(
      ({ user, identity }) => user === approver.value.user || identity === approver.value.identity,
    );
    if (!isCounted) approvers.push(approver.value);
  }
  return approvers.length >= required ? ok(approvers) : refuse(unapproved(approvers.length, required));
};

/** @param given other people who approve, of those that are required. */
export const unapproved = (given: number, required: number): Problem =>
  problemOf('approval-needed', {
    path: '/pushData/approvals',
    detail: `${given} of ${required} other people approve.`,
  });

const openApproval = async (
  { approval: jws, certificate: certificateJws }: SignedApproval,
  path: string,
  { opened, root, known, modules }: ApprovalsToOpen,
): Promise<Result<Approver, Problem>> => {
  const certificate = await openCertificate(certificateJws, root);
  if (!certificate.ok) return refuse({ ...certificate.problem, path: `/pushData/approvals${path}` });
  const { sub, identity, cnf } = certificate.value;
  if (root.identities?.includes(identity) === false) {
    const detail = `${identity} is none of the identities that are believed here.`;
    return refuse(problemOf('bad-certificate', { path: `/pushData/approvals${path}`, detail }));
  }
  const seen = await known(identity);
  const delegation = await openDelegation(certificate.value, seen);
  if (!delegation.ok) return refuse({ ...delegation.problem, path: `/pushData/approvals${path}` });
  const payload = await openJws('cd-push-approval+jws', jws, [cnf.jwk]);
  if (!isApproval(payload)) return refuse(bad(path, 'The certificate’s key did not sign this approval.'));
  const fault =
    (await disagreement(payload, certificate.value, certificateJws, opened, path)) ??
    scopeFault(payload, certificate.value, delegation.value.delegate, opened, modules, path);
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
  modules: readonly string[],
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
  const { environment } = statement;
  if (statement.kind === 'notice') return undefined;
  if (statement.kind === 'operation') {
    const mayRun =
      scopeHasVerb(scope, 'push', issuedAt) &&
      modules.every((module) => grantsRule(scope.grants, module, environment));
    if (mayRun) return undefined;
    const detail = 'The approver may not run operations wherever this one goes.';
    return problemOf('forbidden', { path: `/pushData/approvals${path}`, detail });
  }
  for (const { resource, from, restores } of statement.patches) {
    const verb: Verb = restores === undefined ? 'push' : 'rollback';
    for (const name of from === undefined ? [resource] : [resource, from]) {
      if (scopeCovers(scope, verb, name, environment, issuedAt)) continue;
      return problemOf('forbidden', {
        path: `/pushData/approvals${path}`,
        resource: name,
        detail: `The approver has no right to ${verb} this resource in "${environment}".`,
      });
    }
  }
  return undefined;
};

const bad = (path: string, detail: string): Problem =>
  problemOf('bad-signature', { path: `/pushData/approvals${path}`, detail });
