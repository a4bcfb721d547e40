import type { Approval, SignedApproval } from '@cd-push/protocol';
import { digestOf, signApproval } from '@cd-push/timeline';

import type { SignedPush } from './envelopes.ts';
import { tenant, type SigningLogin } from './memory-authority.ts';

/** What somebody says yes with to a push. */
export const approvalOf = async (
  { session, certificate, key }: SigningLogin,
  { pushGuid, statement }: Pick<SignedPush, 'pushGuid' | 'statement'>,
  changed: Partial<Approval> = {},
): Promise<SignedApproval> => ({
  approval: await signApproval(
    {
      v: 1,
      tenant,
      pushGuid,
      statement,
      approver: session.subject,
      certificate: await digestOf(certificate),
      issuedAt: Date.now(),
      ...changed,
    },
    key,
  ),
  certificate,
});

/** The same push with these approvals. */
export const approvedBy = async (push: SignedPush, ...logins: readonly SigningLogin[]): Promise<SignedPush> =>
  withApprovals(push, await Promise.all(logins.map((login) => approvalOf(login, push))));

export const withApprovals = (push: SignedPush, approvals: readonly SignedApproval[]): SignedPush => ({
  ...push,
  envelope: {
    ...push.envelope,
    pushData: { ...push.envelope.pushData, approvals: [...approvals] },
  },
});
