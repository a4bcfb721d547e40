import { limits, ok, problemOf, refuse, type EpochMs, type Problem, type Result } from '@cd-push/protocol';
import { isApprovable, openApprovals, type Approver } from '@cd-push/timeline';

import type { RelayIdentity } from '../authority/relay-identity.ts';
import type { RuntimeRecord } from '../authority/session.ts';
import type { Ended } from '../peers/ended.ts';
import type { AuthorizedPush } from './authorize.ts';

export interface ApprovalPorts {
  readonly identity: RelayIdentity;
  readonly ended: Ended;
}

/** Runtimes that a push goes to and that want others to approve of it, and how many at most one of them wants. */
export interface Asking {
  readonly required: number;
  /** Who asks for most first. */
  readonly runtimes: readonly RuntimeRecord[];
}

/** What the runtimes that a push goes to ask for: the one that asks for most decides, since the push is one for all. */
export const askingFor = (
  { statement }: Pick<AuthorizedPush, 'statement'>,
  runtimes: readonly RuntimeRecord[],
): Asking => {
  if (!isApprovable(statement)) return { required: 0, runtimes: [] };
  const asking = runtimes
    .filter(({ approvals }) => approvals > 0)
    .toSorted((a, b) => b.approvals - a.approvals);
  return { required: asking[0]?.approvals ?? 0, runtimes: asking };
};

/**
 * Who has approved of a push, each with a right to all of it and by a session that still counts. Approvals that do not hold
 * refuse the push, whether a runtime asks for them or not.
 *
 * @param at when the push is taken, which no approval comes after.
 */
export const approversOf = async (
  { envelope, statement, digest, certificate, seal }: AuthorizedPush,
  runtimes: readonly RuntimeRecord[],
  { identity, ended }: ApprovalPorts,
  at: EpochMs,
): Promise<Result<readonly Approver[], Problem>> => {
  const { approvals = [] } = envelope.pushData;
  if (approvals.length === 0) return ok([]);
  const opened = await openApprovals({
    opened: { statement, digest },
    signer: { user: certificate.sub, identity: certificate.identity },
    approvals,
    required: 0,
    root: seal.root,
    modules: [...new Set(runtimes.map(({ module }) => module))],
    known: (address) => identity.followed(address),
  });
  if (!opened.ok) return opened;
  for (const [index, { certificate: given, followed, approval }] of opened.value.entries()) {
    identity.follow(followed);
    if (ended.voids(given)) {
      const detail = 'The session that approved was ended, or the identity behind it.';
      return refuse(problemOf('session-revoked', { path: `/pushData/approvals/${index}`, detail }));
    }
    if (approval.issuedAt > at + limits.clockSkewMs) {
      const detail = 'The approval is of a time that is still to come.';
      return refuse(problemOf('bad-signature', { path: `/pushData/approvals/${index}`, detail }));
    }
  }
  return opened;
};

/** Step 6, the last question before a push is promised: whether as many other people approve as it takes where it goes. */
export const unapprovedBy = (
  approvers: readonly Approver[],
  { required, runtimes }: Asking,
): Problem | undefined => {
  if (approvers.length >= required) return undefined;
  const missing = runtimes.filter(({ approvals }) => approvals > approvers.length);
  const shown = missing.slice(0, 3).map(({ name, approvals }) => `${name} (${approvals})`);
  const more = missing.length > shown.length ? ` and ${missing.length - shown.length} more` : '';
  return problemOf('approval-needed', {
    path: '/pushData/approvals',
    detail: `${approvers.length} of ${required} other people approve; asked for by ${shown.join(', ')}${more}. Propose the push, so that they can.`,
  });
};
