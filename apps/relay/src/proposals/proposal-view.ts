import { grantsTouch, type EpochMs, type ProposalView } from '@cd-push/protocol';
import type { KeptProposal, Proposal } from '@cd-push/store';

import { leftBy, seesAll, seesFile, type UserSession } from '../authority/session.ts';

/** A proposal as whoever may see it is told of it. */
export const proposalView = ({ proposal, standing }: KeptProposal, at: EpochMs): ProposalView => ({
  pushGuid: proposal.pushGuid,
  sender: proposal.sender.subject,
  senderName: proposal.sender.user.name,
  environment: proposal.environment,
  kind: proposal.kind,
  statement: proposal.digest,
  patches: proposal.patches.map(({ resource, componentType, change, version, restores }) => ({
    resource,
    componentType,
    change,
    version,
    ...(restores === undefined ? {} : { restores }),
  })),
  asking: [...proposal.asking],
  required: standing.required,
  approvals: standing.approvals.map(({ subject, user, at: given }) => ({
    approver: subject,
    approverName: user.name,
    at: given,
  })),
  proposedAt: proposal.proposedAt,
  expiresAt: proposal.expiresAt,
  state: stateOf({ proposal, standing }, at),
  ...(standing.problem === undefined ? {} : { problem: standing.problem }),
});

/** What waits beyond its time has expired. */
export const stateOf = ({ proposal, standing }: KeptProposal, at: EpochMs): ProposalView['state'] =>
  standing.state === 'waiting' && proposal.expiresAt <= at ? 'expired' : standing.state;

/** Everybody sees their own, and those of files that they may know of; of an operation, who may know of what runs there. */
export const maySeeProposal = (session: UserSession, proposal: Proposal): boolean => {
  if (proposal.tenant !== session.tenant) return false;
  if (seesAll(session) || proposal.sender.subject === session.subject) return true;
  const { environment, patches, modules } = proposal;
  return proposal.kind === 'patch'
    ? patches.some(
        ({ resource, from }) =>
          seesFile(session, resource, environment) ||
          (from !== undefined && seesFile(session, from, environment)),
      )
    : modules.some((module) => grantsTouch(leftBy(session), module, environment)) &&
        modules.some((module) => grantsTouch(session.grants, module, environment));
};
