import { ProblemError, problemOf, type ICdPushEnvelop, type Problem } from '@cd-push/protocol';
import type { KeptApproval, KeptProposal, ProposalState } from '@cd-push/store';

import { refusedProposalEntry } from '../audit/entries.ts';
import { authorize } from '../line/authorize.ts';
import { recognise } from '../line/recognise.ts';
import type { ProposalPorts } from './proposal-ports.ts';
import { approverFault, openKept, sessionNow } from './stored-push.ts';

/**
 * Takes a proposal of which enough people approve as though its sender had sent it now: by the rights that sender and
 * approvers have now, upon what is in place now. Of what cannot be promised it says why; what may pass later goes on waiting.
 *
 * @returns how it stands afterwards.
 */
export const acceptProposal = async (
  kept: KeptProposal,
  envelope: ICdPushEnvelop,
  ports: ProposalPorts,
): Promise<KeptProposal> => {
  const { store, clock, journal } = ports;
  const { tenant, pushGuid } = kept.proposal;
  const counting = await countingOf(kept, envelope, ports);
  if (counting.length < kept.standing.required) return kept;
  const at = clock.now();
  const { problem, required } = await take(kept, withApprovals(envelope, counting), ports);
  if (problem?.retryable === true) return { ...kept, standing: { ...kept.standing, problem } };
  const state = problem === undefined ? 'accepted' : 'refused';
  const changed = await store.change(tenant, pushGuid, ({ proposal, standing }) => {
    // A runtime has come that asks for more people.
    if (required !== undefined) return { standing: { ...standing, required } };
    return {
      standing: standingAs(standing, state, problem),
      ...(problem === undefined ? {} : { audit: refusedProposalEntry(proposal, problem, at) }),
    };
  });
  journal.stir();
  return changed ?? kept;
};

const standingAs = (
  { required, approvals }: ProposalState,
  state: 'accepted' | 'refused',
  problem: Problem | undefined,
): ProposalState => ({ state, required, approvals, ...(problem === undefined ? {} : { problem }) });

/** Whose yes counts now: sessions that were not taken back, of people who may still do it themselves. */
const countingOf = async (
  { proposal, standing }: KeptProposal,
  envelope: ICdPushEnvelop,
  { identity, ended, authority }: ProposalPorts,
): Promise<readonly KeptApproval[]> => {
  const opened = await openKept(envelope, identity);
  if (!opened.ok) return standing.approvals;
  const counting: KeptApproval[] = [];
  for (const approval of standing.approvals) {
    const certificate = await identity.openCertificate(approval.certificate, opened.value.seal);
    if (!certificate.ok || ended.voids(certificate.value)) continue;
    const session = await sessionNow(approval, certificate.value, authority);
    if (session === undefined) continue;
    if (approverFault(session, opened.value.statement, proposal.modules) === undefined)
      counting.push(approval);
  }
  return counting;
};

/** What came of it where it was not promised. */
interface Untaken {
  readonly problem?: Problem;
  /** How many have to approve, where that is more than it was. */
  readonly required?: number;
}

const take = async (
  { proposal }: KeptProposal,
  envelope: ICdPushEnvelop,
  ports: ProposalPorts,
): Promise<Untaken> => {
  try {
    const untaken = await promise(proposal, envelope, ports);
    if (untaken.problem === undefined) return {};
    // It may have been promised before a relay could say so.
    const first = await ports.journal.find(proposal.tenant, proposal.pushGuid);
    if (first === undefined) return untaken;
    const recognised = recognise(first, proposal.digest);
    return recognised.ok ? {} : { problem: recognised.problem };
  } catch (error) {
    if (error instanceof ProblemError) return { problem: error.problem };
    throw error;
  }
};

const promise = async (
  { sender, proposedAt }: KeptProposal['proposal'],
  envelope: ICdPushEnvelop,
  { identity, directory, line, ended, authority }: ProposalPorts,
): Promise<Untaken> => {
  const opened = await openKept(envelope, identity);
  if (!opened.ok) return opened;
  const { certificate } = opened.value;
  const session = await sessionNow(sender, certificate, authority);
  if (session === undefined || ended.voids(certificate))
    return { problem: problemOf('session-revoked', gone) };
  const authorized = await authorize(envelope, session, directory, identity);
  if (!authorized.ok) return authorized;
  const { acceptance = '', relayCertificate = '' } = envelope.pushData;
  const attested = { acceptance, relayCertificate };
  const taken = await line.promise(authorized.value, { at: proposedAt, attested });
  if (taken.ok) return {};
  return taken.problem.kind === 'approval-needed'
    ? { problem: taken.problem, required: line.asked(authorized.value) }
    : taken;
};

const gone = {
  path: '/pushData/certificate',
  detail:
    'The session that proposes this was ended, the identity behind it, or the user. It is to be proposed anew.',
};

const withApprovals = (
  { pushData, ...frame }: ICdPushEnvelop,
  given: readonly KeptApproval[],
): ICdPushEnvelop => ({
  ...frame,
  pushData: {
    ...pushData,
    approvals: given.map(({ approval, certificate }) => ({ approval, certificate })),
  },
});
