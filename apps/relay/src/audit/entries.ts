import {
  epochMs,
  notRestored,
  targetKey,
  type AuditEntry,
  type EpochMs,
  type Policy,
  type Problem,
} from '@cd-push/protocol';
import type { Proposal, PushFacts, RecipientTrack } from '@cd-push/store';
import type { TipSwap } from '@cd-push/timeline';

import type { Session } from '../authority/session.ts';
import type { AuditRows } from '../journal/audit-rows.ts';
import type { PendingMove } from '../journal/commit-items.ts';
import { resourcesOf } from '../queries/sight.ts';

/** Rows of the audit are made here and nowhere else: plain facts by name, neither contents nor anything secret. */

const whoIs = ({ subject, id }: Session): AuditEntry['who'] => ({ subject, session: id });

/** UTF-16 units that the names of one kind may take up in a row: ten thousand recipients of the usual length all fit. */
const namesAtMost = 1024 * 1024;
/** Of the files in rows that follow the one in which their push was accepted, which names them all. */
const filesAtMost = 64 * 1024;
/** UTF-16 units of what a peer has named by itself. */
const saidAtMost = 512;

interface Names {
  readonly files?: readonly string[];
  readonly targets?: readonly string[];
  /** Units for the files. */
  readonly atMost?: number;
}

/** Names of files and targets as far as a row has room for them, with the number of the rest. */
const shown = ({
  files = [],
  targets,
  atMost = filesAtMost,
}: Names): Pick<AuditEntry, 'resources' | 'targets' | 'detail'> => {
  const resources = firstOf(files, atMost);
  const first = targets && firstOf(targets, namesAtMost);
  const left = [
    ...restOf(files.length - resources.length, 'files'),
    ...restOf((targets?.length ?? 0) - (first?.length ?? 0), 'targets'),
  ];
  return {
    ...(resources.length === 0 ? {} : { resources }),
    ...(first === undefined ? {} : { targets: first }),
    ...(left.length === 0 ? {} : { detail: left.join(' ') }),
  };
};

const firstOf = (names: readonly string[], atMost: number): string[] => {
  let left = atMost;
  const end = names.findIndex((name) => {
    left -= name.length;
    return left < 0;
  });
  return end === -1 ? [...names] : names.slice(0, end);
};

const restOf = (count: number, what: string): string[] => (count === 0 ? [] : [`And ${count} more ${what}.`]);

const aboutPush = (
  facts: PushFacts,
  names: Omit<Names, 'files'>,
): Pick<AuditEntry, 'pushGuid' | 'digest' | 'resources' | 'targets' | 'detail'> => ({
  pushGuid: facts.pushGuid,
  digest: facts.digest,
  ...shown({ files: resourcesOf(facts), ...names }),
});

/** Goes with the commit of the push itself. */
const acceptedEntry = (facts: PushFacts): AuditEntry => ({
  at: facts.acceptedAt,
  event: 'accepted',
  who: facts.sender,
  outcome: 'ok',
  ...aboutPush(facts, { targets: facts.recipients, atMost: namesAtMost }),
});

/** Names what was refused as its sender named it, as far as that was to be read. */
export const refusedEntry = (
  session: Session,
  { kind, path, resource }: Problem,
  named: Pick<AuditEntry, 'pushGuid' | 'digest'>,
  at: EpochMs,
): AuditEntry => ({
  at,
  event: 'refused',
  who: whoIs(session),
  outcome: kind,
  ...named,
  ...(resource === undefined ? {} : { resources: [resource.slice(0, saidAtMost)] }),
  ...(path === undefined ? {} : { detail: path.slice(0, saidAtMost) }),
});

/** Of what is refused too often for a row each. */
export const moreRefusedEntry = (session: Session, count: number, at: EpochMs): AuditEntry => ({
  at,
  event: 'refused',
  who: whoIs(session),
  outcome: 'rate-limited',
  detail: `${count} more were refused within a minute.`,
});

/**
 * @param targets recipients of the push.
 * @param strangers how many others were named.
 */
export const retriedEntry = (
  session: Session,
  facts: PushFacts,
  { targets, strangers }: { readonly targets: readonly string[]; readonly strangers: number },
  outcome: string,
  at: EpochMs,
): AuditEntry => {
  const { detail, ...about } = aboutPush(facts, { targets });
  const said = strangers === 0 ? [] : [`${strangers} that are no recipients.`];
  const details = [...(detail === undefined ? [] : [detail]), ...said];
  return {
    at,
    event: 'retried',
    who: whoIs(session),
    outcome,
    ...about,
    ...(details.length === 0 ? {} : { detail: details.join(' ') }),
  };
};

/** Nothing of the push was tried again. */
export const refusedRetryEntry = (
  session: Session,
  { kind }: Problem,
  named: Pick<AuditEntry, 'pushGuid'>,
  at: EpochMs,
): AuditEntry => ({ at, event: 'retried', who: whoIs(session), outcome: kind, ...named });

const aboutProposal = ({
  pushGuid,
  digest,
  patches,
}: Proposal): Pick<AuditEntry, 'pushGuid' | 'digest' | 'resources' | 'detail'> => ({
  pushGuid,
  digest,
  ...shown({
    files: patches.flatMap(({ resource, from }) => (from === undefined ? [resource] : [resource, from])),
  }),
});

/** What others are to approve of; nothing of it has taken effect. */
export const proposedEntry = (session: Session, proposal: Proposal, at: EpochMs): AuditEntry => ({
  at,
  event: 'proposed',
  who: whoIs(session),
  outcome: 'ok',
  ...aboutProposal(proposal),
});

export const approvedEntry = (session: Session, proposal: Proposal, at: EpochMs): AuditEntry => ({
  ...proposedEntry(session, proposal, at),
  event: 'approved',
});

export const withdrawnEntry = (session: Session, proposal: Proposal, at: EpochMs): AuditEntry => ({
  ...proposedEntry(session, proposal, at),
  event: 'withdrawn',
});

/** Enough people had approved of it, and it could not be taken all the same. */
export const refusedProposalEntry = (proposal: Proposal, { kind }: Problem, at: EpochMs): AuditEntry => ({
  at,
  event: 'refused',
  who: { subject: proposal.sender.subject, session: proposal.sender.session },
  outcome: kind,
  ...aboutProposal(proposal),
});

/** What was sent to a runtime as the state that it lacked moves no track, and fails all the same. */
export const untrackedFailureEntry = (
  facts: PushFacts,
  recipient: string,
  problem: Problem,
  at: EpochMs,
): AuditEntry => ({
  at,
  ...failureOf(problem),
  who: facts.sender,
  ...aboutPush(facts, { targets: [recipient] }),
});

/** @param outcome `ok`, or the kind of the problem for which it was refused. */
export const policyEntry = (
  session: Session,
  { target, hold, silent, mode }: Pick<Policy, 'target'> & Partial<Policy>,
  outcome: string,
  at: EpochMs,
): AuditEntry => ({
  at,
  event: 'policy',
  who: whoIs(session),
  outcome,
  targets: [targetKey(target)],
  detail: JSON.stringify({ hold, silent, mode }),
});

/**
 * Goes with the commit of a synchronisation that moves tips. Each target is a timeline, the tip until then (`-` where it had
 * none) and the tip from then on.
 *
 * @param moved with what the timelines are of, as far as that is known.
 */
export const syncedEntry = (
  session: Session,
  moved: readonly (Pick<TipSwap, 'timeline' | 'from' | 'to'> & { readonly resource: string | undefined })[],
  at: EpochMs,
): AuditEntry => ({
  at,
  event: 'synced',
  who: whoIs(session),
  outcome: 'ok',
  ...shown({
    files: moved.flatMap(({ resource }) => resource ?? []),
    targets: moved.map(({ timeline, from, to }) => `${timeline} ${from ?? '-'} ${to}`),
    atMost: namesAtMost,
  }),
});

/** One row for each push, stage and outcome of a batch, with all recipients that came to it; other stages have none. */
const stageEntries = (moves: readonly PendingMove[]): AuditEntry[] => {
  const rows = new Map<string, { told: Telling; readonly facts: PushFacts; readonly targets: string[] }>();
  for (const { push, recipient, track } of moves) {
    const told = tellingOf(track);
    if (told === undefined) continue;
    const key = `${push.offset} ${told.event} ${told.outcome}`;
    const row = rows.get(key);
    if (row === undefined) {
      rows.set(key, { told, facts: push.accepted, targets: [recipient] });
    } else {
      row.told = { ...told, at: epochMs(Math.max(row.told.at, told.at)) };
      row.targets.push(recipient);
    }
  }
  return [...rows.values()].map(({ told, facts, targets }) => ({
    ...told,
    who: facts.sender,
    ...aboutPush(facts, { targets }),
  }));
};

type Telling = Pick<AuditEntry, 'event' | 'outcome' | 'at'>;

const tellingOf = ({ state }: RecipientTrack): Telling | undefined => {
  switch (state.stage) {
    case 'initialized':
    case 'relayed':
    case 'pushed':
      return undefined;
    case 'delivered':
      return { event: 'delivered', outcome: 'ok', at: state.times.delivered };
    case 'completed':
      return { event: 'completed', outcome: 'ok', at: state.times.completed };
    case 'superseded':
      return { event: 'superseded', outcome: 'ok', at: state.at };
    case 'expired':
      return { event: 'expired', outcome: 'expired', at: state.at };
    case 'failed':
      return { ...failureOf(state.problem), at: state.at };
    default:
      return state satisfies never;
  }
};

const failureOf = (problem: Problem): Pick<AuditEntry, 'event' | 'outcome'> => ({
  event: isRolledBack(problem) ? 'rolled-back' : 'failed',
  outcome: problem.kind,
});

/** What was applied and taken back again; where the version before is lost too, its problem says so. */
const isRolledBack = ({ kind, detail = '' }: Problem): boolean =>
  kind === 'apply-failed' && !detail.includes(notRestored);

/** What the journal writes along with what it tells. */
export const auditRows: AuditRows = { accepted: acceptedEntry, moved: stageEntries };
