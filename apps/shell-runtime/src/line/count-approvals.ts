import type { Certificate, Problem } from '@cd-push/protocol';
import {
  isApprovable,
  openApprovals,
  unapproved,
  type ApprovalsToOpen,
  type FollowedIdentity,
} from '@cd-push/timeline';

interface ApprovalsToCount extends ApprovalsToOpen {
  /** Keeps what was seen of an approver's identity. */
  readonly keep: (followed: FollowedIdentity) => Promise<void>;
  readonly isRevoked: (certificate: Certificate) => boolean;
}

/** Why too few other people approve of a push, whose sessions were not ended since. */
export const countApprovals = async (asked: ApprovalsToCount): Promise<Problem | undefined> => {
  const { required, keep, isRevoked } = asked;
  if (!isApprovable(asked.opened.statement)) return undefined;
  const opened = await openApprovals(asked);
  if (!opened.ok) return opened.problem;
  for (const { followed } of opened.value) await keep(followed);
  const given = opened.value.filter(({ certificate }) => !isRevoked(certificate));
  return given.length < required ? unapproved(given.length, required) : undefined;
};
