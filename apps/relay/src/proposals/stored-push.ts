import {
  epochMs,
  grantsRule,
  ok,
  problemOf,
  refuse,
  type Certificate,
  type ICdPushEnvelop,
  type Problem,
  type Result,
  type Statement,
} from '@cd-push/protocol';
import type { KeptApproval, Proposal } from '@cd-push/store';
import { isAddress, openStatement, type OpenedStatement } from '@cd-push/timeline';

import type { Authority } from '../authority/authority.ts';
import type { RelayIdentity, Seal } from '../authority/relay-identity.ts';
import { grantsPush, mayDo, mayPushAtAll, withGrants, type UserSession } from '../authority/session.ts';

/** What was signed of a proposal, as it holds today. */
export interface OpenedProposal extends OpenedStatement {
  readonly certificate: Certificate;
  readonly seal: Seal;
}

/** Opens what is kept of a proposal anew: the issuer may have taken a key out of use, or the identity gone on. */
export const openKept = async (
  { pushData: { statement = '', certificate = '' } }: ICdPushEnvelop,
  identity: RelayIdentity,
): Promise<Result<OpenedProposal, Problem>> => {
  const { seal } = identity;
  if (seal === undefined) return refuse(problemOf('unavailable', { retryAfter: 1 }));
  const opened = await identity.openCertificate(certificate, seal);
  if (!opened.ok) return opened;
  const signed = await openStatement(statement, certificate, opened.value);
  return signed.ok ? ok({ ...signed.value, certificate: opened.value, seal }) : signed;
};

/**
 * The session of somebody who has signed something before, with the rights that they have now: they need not be connected.
 *
 * @returns undefined where there is no such user any more.
 * @throws ProblemError `unavailable`
 */
export const sessionNow = async (
  { subject, user }: Pick<KeptApproval, 'subject' | 'user'>,
  { tenant, session, identity, delegation, cnf, notAfter }: Certificate,
  authority: Pick<Authority, 'rights'>,
): Promise<UserSession | undefined> => {
  const rights = await authority.rights(user.id);
  if (rights === undefined || !isAddress(identity) || !isAddress(session)) return undefined;
  const { scope } = delegation.claim;
  const acting = { identity, session, key: cnf.jwk, scope };
  const { roles, grants } = rights;
  return withGrants(
    { kind: 'user', id: session, subject, tenant, roles, expiresAt: epochMs(notAfter), user, grants, acting },
    grants,
  );
};

/** Why a session may not do now what it approves of, if so. */
export const approverFault = (
  session: UserSession,
  statement: Statement,
  modules: Proposal['modules'],
): Problem | undefined => {
  const detail = 'Who approves of a push has to have the right to push it.';
  if (!mayPushAtAll(session) || !mayDo(session, 'push')) return problemOf('forbidden', { detail });
  const { environment } = statement;
  if (statement.kind !== 'patch') {
    return modules.every((module) => grantsRule(session.grants, module, environment))
      ? undefined
      : problemOf('forbidden', { detail });
  }
  for (const { resource, from, restores } of statement.patches) {
    const may = restores === undefined || mayDo(session, 'rollback');
    const names = from === undefined ? [resource] : [resource, from];
    if (!may || !names.every((name) => grantsPush(session, name, environment)))
      return problemOf('forbidden', { resource, detail });
  }
  return undefined;
};
