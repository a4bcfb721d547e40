import {
  epochMs,
  limits,
  ok,
  problemOf,
  refuse,
  type EpochMs,
  type ICdPushEnvelop,
  type Problem,
  type ProposePushAnswer,
  type Result,
} from '@cd-push/protocol';
import type { KeptProposal, Proposal } from '@cd-push/store';
import { isApprovable } from '@cd-push/timeline';

import { proposedEntry } from '../audit/entries.ts';
import type { Session } from '../authority/session.ts';
import { authorize, type AuthorizedPush } from '../line/authorize.ts';
import type { PreparedPush } from '../line/delivery-line.ts';
import { attest, copyOf } from '../line/journal.ts';
import { parsePush } from '../line/parse.ts';
import type { ProposalPorts } from './proposal-ports.ts';
import { proposalView } from './proposal-view.ts';

/**
 * Takes a signed push in, to be approved of by others: what would be checked of it if it was sent is checked, nothing of it
 * takes effect, and the relay says now that its statement is fresh, which it is no more when it is accepted.
 */
export const proposePush = async (
  payload: unknown,
  session: Session,
  ports: ProposalPorts,
): Promise<Result<ProposePushAnswer, Problem>> => {
  const { identity, directory, journal, store, line, clock } = ports;
  const parsed = parsePush(undefined, payload);
  if (!parsed.ok) return parsed;
  const authorized = await authorize(withoutApprovals(parsed.value), session, directory, identity);
  if (!authorized.ok) return authorized;
  const unfit = unfitFor(authorized.value);
  if (unfit !== undefined) return refuse(unfit);
  const { statement, session: sender } = authorized.value;
  if ((await journal.find(sender.tenant, statement.pushGuid)) !== undefined) return refuse(takenGuid);

  const at = clock.now();
  const known = await store.find(sender.tenant, statement.pushGuid);
  if (known !== undefined) return asKnown(known, authorized.value, at);
  const prepared = await line.prepare(authorized.value, at);
  if (!prepared.ok) return prepared;
  const made = proposalOf(authorized.value, prepared.value, at);
  const envelope = await keptEnvelope(authorized.value, at);
  const overfull = await boundOf(made.proposal, JSON.stringify(envelope).length, ports, at);
  if (overfull !== undefined) return refuse(overfull);
  const uploads = statement.kind === 'patch' ? storedOf(statement.patches, envelope) : [];
  const before = await store.put({
    ...made,
    envelope,
    uploads,
    audit: proposedEntry(sender, made.proposal, at),
  });
  if (before !== undefined) return asKnown(before, authorized.value, at);
  journal.stir();
  return ok({ proposal: proposalView(made, at), duplicate: false });
};

const withoutApprovals = ({ pushData, ...frame }: ICdPushEnvelop): ICdPushEnvelop => {
  const { approvals: _, ...own } = pushData;
  return { ...frame, pushData: own };
};

const unfitFor = ({ envelope, statement }: AuthorizedPush): Problem | undefined => {
  if (!isApprovable(statement)) {
    const detail = 'A notice runs nothing, and needs nobody’s approval. Send it.';
    return problemOf('invalid-request', { path: '/pushData/statement/kind', detail });
  }
  const delta = envelope.pushData.contents?.findIndex(({ encoding }) => encoding === 'delta') ?? -1;
  if (delta === -1) return undefined;
  const detail = 'What is proposed brings its contents whole, so that whoever approves sees them.';
  return problemOf('invalid-envelope', { path: `/pushData/contents/${delta}`, detail });
};

/** The same again is one; a proposal stands for what it stood for when it was made. */
const asKnown = (
  known: KeptProposal,
  { digest }: AuthorizedPush,
  at: EpochMs,
): Result<ProposePushAnswer, Problem> =>
  known.proposal.digest === digest
    ? ok({ proposal: proposalView(known, at), duplicate: true })
    : refuse(takenGuid);

/** Who proposes a push wants somebody else to look at it, also where no target asks for that. */
const proposalOf = (
  { statement, digest, session }: AuthorizedPush,
  { asking, resolved }: PreparedPush,
  at: EpochMs,
): KeptProposal => ({
  proposal: {
    tenant: session.tenant,
    pushGuid: statement.pushGuid,
    digest,
    environment: statement.environment,
    kind: statement.kind,
    patches: statement.kind === 'patch' ? statement.patches : [],
    modules: [...new Set(resolved.runtimes.map(({ module }) => module))],
    sender: { subject: session.subject, session: session.id, user: session.user },
    asking: asking.runtimes
      .slice(0, limits.approvals)
      .map(({ guid, name, module, approvals }) => ({ guid, name, module, approvals })),
    proposedAt: at,
    expiresAt: epochMs(Math.min(at + limits.proposeWithinMs, statement.deliverBy)),
  },
  standing: { state: 'waiting', required: Math.max(1, asking.required), approvals: [] },
});

/** What recipients would get, with all that the relay needs to accept it, and that whoever approves looks at. */
const keptEnvelope = async (authorized: AuthorizedPush, at: EpochMs): Promise<ICdPushEnvelop> => {
  const { pushData, ...frame } = copyOf(authorized, await attest(authorized, at));
  const { contents, history } = authorized.envelope.pushData;
  return {
    ...frame,
    pushData: {
      ...pushData,
      ...(contents === undefined ? {} : { contents }),
      ...(history === undefined ? {} : { history }),
    },
  };
};

/** Digests of what its proposer has put beforehand. */
const storedOf = (
  patches: Proposal['patches'],
  { pushData: { contents = [] } }: ICdPushEnvelop,
): readonly string[] =>
  patches.flatMap(({ digest, mapDigest }, index) =>
    contents[index]?.encoding === 'stored'
      ? [digest, mapDigest].filter((one) => typeof one === 'string')
      : [],
  );

const boundOf = async (
  { tenant, sender }: Proposal,
  length: number,
  { store }: ProposalPorts,
  at: EpochMs,
): Promise<Problem | undefined> => {
  const { count, bytes } = await store.openOf(tenant, sender.subject, at);
  if (count < limits.openProposals && bytes + length <= limits.openProposalBytes) return undefined;
  const detail = `${count} proposals of yours wait already. Have them approved of, or withdraw some.`;
  return problemOf('rate-limited', { detail });
};

const takenGuid = problemOf('conflict', {
  path: '/pushData/pushGuid',
  detail: 'Another push was accepted or proposed under this pushGuid. A new one needs a new one.',
});
