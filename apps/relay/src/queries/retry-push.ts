import {
  branded,
  credentialOf,
  ok,
  parse,
  problemOf,
  recipientIdOf,
  refuse,
  type Problem,
  type RecipientId,
  type Result,
  type RetryPush,
  type RetryPushAnswer,
} from '@cd-push/protocol';

import { refusedRetryEntry, retriedEntry } from '../audit/entries.ts';
import { guidIn } from '../audit/named-in.ts';
import type { Directory } from '../authority/directory.ts';
import {
  grantsPush,
  mayDo,
  mayPushAtAll,
  reaches,
  rules,
  type Session,
  type UserSession,
} from '../authority/session.ts';
import type { Clock } from '../clock.ts';
import type { Journal } from '../journal/journal.ts';
import type { TrackedPush } from '../journal/tracked-push.ts';
import { factsOf, type Log } from '../log.ts';
import type { Roster } from '../nodes/roster.ts';
import type { Ended } from '../peers/ended.ts';
import type { Retries } from '../tracks/retries.ts';
import { maySee, resourcesOf } from './sight.ts';

export interface RetryPorts {
  readonly journal: Journal;
  readonly directory: Directory;
  readonly roster: Roster;
  readonly retries: Retries;
  readonly ended: Ended;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Opens a new attempt, with the same signed bytes, at recipients where the last one ended without effect. Each that is
 * refused is named with its problem; the answer comes when the attempts are written down.
 */
export const retryPush = async (
  payload: unknown,
  session: Session,
  ports: RetryPorts,
): Promise<Result<RetryPushAnswer, Problem>> => {
  const retried = await tryAgain(payload, session, ports);
  // What the journal takes no attempts for it takes no rows for either, and it is asked again.
  if (!retried.ok && retried.problem.kind !== 'journal-unavailable') {
    const { journal, clock } = ports;
    journal.audit(refusedRetryEntry(session, retried.problem, guidIn(payload), clock.now()));
  }
  return retried;
};

const tryAgain = async (
  payload: unknown,
  session: Session,
  ports: RetryPorts,
): Promise<Result<RetryPushAnswer, Problem>> => {
  if (!mayPushAtAll(session) || !mayDo(session, 'push')) {
    return refuse(problemOf('forbidden', { detail: 'Only a developer’s or admin’s session may push.' }));
  }
  const retry = parse('RetryPush', payload);
  if (!retry.ok) return retry;
  const push = await ports.journal.find(session.tenant, retry.value.pushGuid);
  if (push === undefined || !maySee(session, push.accepted))
    return refuse(problemOf('not-found', { path: '/pushGuid' }));
  if (push.accepted.carries === 'none') {
    const detail = 'Messages of existing clients are signed by nobody, and are not sent again.';
    return refuse(problemOf('invalid-request', { path: '/pushGuid', detail }));
  }
  try {
    const answer = await attemptsAt(askedFor(retry.value, push), retry.value, session, push, ports);
    takeDown(answer, session, push, ports);
    return ok(answer);
  } catch (error) {
    // They are written as soon as that can be, and whoever asks again is told how they stand.
    ports.log.error(
      { ...factsOf(error), pushGuid: push.accepted.pushGuid },
      'Attempts could not be opened yet.',
    );
    return refuse(problemOf('journal-unavailable', { retryAfter: 1 }));
  }
};

/** Those that are named, each once, or all whose attempt ended as it says. */
const askedFor = ({ recipients, stages }: RetryPush, push: TrackedPush): RecipientId[] =>
  recipients === undefined
    ? push.accepted.recipients.filter((recipient) => {
        const stage = push.entryOf(recipient)?.track.state.stage;
        return (stage === 'failed' || stage === 'expired') && stages.includes(stage);
      })
    : [...new Set(recipients)].map((recipient) => branded<RecipientId>(recipient));

const attemptsAt = async (
  asked: readonly RecipientId[],
  { stages }: RetryPush,
  session: UserSession,
  push: TrackedPush,
  ports: RetryPorts,
): Promise<RetryPushAnswer> => {
  const fault = grantFault(session, push) ?? signatureFault(push, ports);
  const refused: RetryPushAnswer['refused'] = [];
  const allowed: RecipientId[] = [];
  for (const recipient of asked) {
    const problem = fault ?? recipientFault(recipient, session, push, ports);
    if (problem === undefined) allowed.push(recipient);
    else refused.push({ recipient, problem });
  }
  if (allowed.length === 0) return { attempts: [], refused };
  const opened = await ports.retries.open(push, allowed, stages);
  if (opened.ok) return { attempts: opened.value.attempts, refused: [...refused, ...opened.value.refused] };
  // What keeps the push as a whole from being tried again is said of each.
  const { problem } = opened;
  return { attempts: [], refused: [...refused, ...allowed.map((recipient) => ({ recipient, problem }))] };
};

/** The right to push these files there: that of now, whoever pushed them first. */
const grantFault = (session: UserSession, { accepted }: TrackedPush): Problem | undefined => {
  const { environment } = accepted;
  const resource = resourcesOf(accepted).find((name) => !grantsPush(session, name, environment));
  if (resource === undefined) return undefined;
  const detail = `The session has no grant for this resource in "${environment}".`;
  return problemOf('forbidden', { resource, detail });
};

/** Runtimes would refuse what a session has signed whose signatures were taken back. */
const signatureFault = ({ accepted }: TrackedPush, { ended }: RetryPorts): Problem | undefined =>
  ended.isVoided(accepted.signed)
    ? problemOf('session-revoked', { detail: 'The session that signed it was ended; push it anew.' })
    : undefined;

/** Whether the session may send it there, and somebody is there or will be. */
const recipientFault = (
  recipient: RecipientId,
  session: UserSession,
  push: TrackedPush,
  { directory, roster }: RetryPorts,
): Problem | undefined => {
  const entry = push.entryOf(recipient);
  // That the push was not addressed to it is said where attempts are opened.
  if (entry === undefined) return undefined;
  const runtime = directory.runtime(credentialOf(recipient));
  const may = push.accepted.carries === 'operation' ? rules : reaches;
  if (runtime === undefined || !may(session, runtime)) return problemOf('no-recipients');
  const isInstance = recipient !== recipientIdOf(runtime.guid);
  // In time only tabs expire, and those that were shut.
  return isInstance && entry.track.state.stage === 'expired' && roster.of(recipient) === undefined
    ? problemOf('no-recipients', { detail: 'This tab was shut and does not come back.' })
    : undefined;
};

/** One row for what was opened, and one for each kind of refusal. What is named and no recipient may be anything. */
const takeDown = (
  { attempts, refused }: RetryPushAnswer,
  session: UserSession,
  push: TrackedPush,
  { journal, clock }: RetryPorts,
): void => {
  const outcomes = [
    ...attempts.map(({ recipient }) => ({ recipient, outcome: 'ok' })),
    ...refused.map(({ recipient, problem }) => ({ recipient, outcome: problem.kind })),
  ];
  for (const [outcome, some] of Map.groupBy(outcomes, (one) => one.outcome)) {
    const targets = some
      .map(({ recipient }) => branded<RecipientId>(recipient))
      .filter((recipient) => push.entryOf(recipient) !== undefined);
    const strangers = some.length - targets.length;
    journal.audit(retriedEntry(session, push.accepted, { targets, strangers }, outcome, clock.now()));
  }
};
