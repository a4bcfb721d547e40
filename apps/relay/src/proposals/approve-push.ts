import {
  limits,
  ok,
  parse,
  problemOf,
  refuse,
  type ApprovePush,
  type EpochMs,
  type ICdPushEnvelop,
  type Problem,
  type Result,
} from '@cd-push/protocol';
import type { KeptApproval, KeptProposal } from '@cd-push/store';
import { openApprovals } from '@cd-push/timeline';

import { approvedEntry } from '../audit/entries.ts';
import { mayDo, mayPushAtAll, type Session, type UserSession } from '../authority/session.ts';
import type { ProposalPorts } from './proposal-ports.ts';
import { maySeeProposal, stateOf } from './proposal-view.ts';
import { approverFault, openKept } from './stored-push.ts';

/** A proposal that somebody has just approved of, with what it brings. */
export interface Approved {
  readonly kept: KeptProposal;
  /** Undefined where it does not wait any more. */
  readonly envelope: ICdPushEnvelop | undefined;
}

/**
 * Writes down that somebody approves of a proposal: by the session of their connection, which the relay knows to stand, and
 * now, which nobody can say of it later. Of one person one approval counts, the latest.
 */
export const approve = async (
  payload: unknown,
  session: Session,
  ports: ProposalPorts,
): Promise<Result<Approved, Problem>> => {
  const { store, clock, journal } = ports;
  if (!mayPushAtAll(session) || !mayDo(session, 'push')) {
    const detail = 'Only a developer’s or admin’s session may approve of a push.';
    return refuse(problemOf('forbidden', { detail }));
  }
  const asked = parse('ApprovePush', payload);
  if (!asked.ok) return asked;
  const { pushGuid } = asked.value;
  const kept = await store.find(session.tenant, pushGuid);
  if (kept === undefined || !maySeeProposal(session, kept.proposal)) return refuse(unknown);
  const at = clock.now();
  // Said again after the last one was enough, or by somebody who was slower: what became of it is the answer.
  if (kept.standing.state === 'accepted') return ok({ kept, envelope: undefined });
  const over = overBy(kept, at);
  if (over !== undefined) return refuse(over);
  const envelope = await store.envelope(session.tenant, pushGuid);
  if (envelope === undefined) return refuse(unknown);

  const fault = await faultOf(asked.value, kept, envelope, session, ports, at);
  if (fault !== undefined) return refuse(fault);
  const { approval, certificate } = asked.value;
  const given: KeptApproval = { approval, certificate, subject: session.subject, user: session.user, at };
  const changed = await store.change(session.tenant, pushGuid, (now) =>
    overBy(now, at) === undefined
      ? {
          standing: { ...now.standing, approvals: withOne(now.standing.approvals, given) },
          audit: approvedEntry(session, now.proposal, at),
        }
      : undefined,
  );
  if (changed === undefined) return refuse(unknown);
  journal.stir();
  const ended = overBy(changed, at);
  return ended === undefined ? ok({ kept: changed, envelope }) : refuse(ended);
};

const faultOf = async (
  { approval, certificate }: ApprovePush,
  { proposal }: KeptProposal,
  envelope: ICdPushEnvelop,
  session: UserSession,
  { identity, ended }: ProposalPorts,
  at: EpochMs,
): Promise<Problem | undefined> => {
  const opened = await openKept(envelope, identity);
  if (!opened.ok) return opened.problem;
  const { certificate: signer, seal, ...statement } = opened.value;
  const approvers = await openApprovals({
    opened: statement,
    signer: { user: signer.sub, identity: signer.identity },
    approvals: [{ approval, certificate }],
    required: 0,
    modules: proposal.modules,
    root: seal.root,
    known: (address) => identity.followed(address),
  });
  if (!approvers.ok) return approvers.problem;
  const [approver] = approvers.value;
  if (approver === undefined) return problemOf('forbidden', { detail: ownPush });
  const { certificate: own, approval: given, followed } = approver;
  if (own.session !== session.id || ended.voids(own)) {
    const detail = 'The certificate was issued to another session than the one that approves.';
    return problemOf('bad-certificate', { path: '/certificate', detail });
  }
  if (Math.abs(given.issuedAt - at) > limits.clockSkewMs) {
    const detail = `Given more than ${limits.clockSkewMs / 1000} s away from this relay’s clock.`;
    return problemOf('bad-signature', { path: '/approval', detail });
  }
  identity.follow(followed);
  return approverFault(session, statement.statement, proposal.modules);
};

/** Why nobody can approve of it any more, if so. */
export const overBy = (kept: KeptProposal, at: EpochMs): Problem | undefined => {
  const state = stateOf(kept, at);
  switch (state) {
    case 'waiting':
      return undefined;
    case 'expired':
      return problemOf('expired', { path: '/pushGuid', detail: 'Nobody has approved of it in time.' });
    case 'accepted':
    case 'refused':
    case 'withdrawn':
      return problemOf('conflict', {
        path: '/pushGuid',
        detail: `It was ${state} already, and does not wait any more.`,
      });
    default:
      return state satisfies never;
  }
};

const withOne = (approvals: readonly KeptApproval[], given: KeptApproval): readonly KeptApproval[] =>
  [...approvals.filter(({ subject }) => subject !== given.subject), given].slice(-limits.approvals);

const ownPush = 'It is your own push, by whichever identity of yours: somebody else has to approve of it.';

/** Unknown and foreign look alike. */
export const unknown = problemOf('not-found', { path: '/pushGuid' });
