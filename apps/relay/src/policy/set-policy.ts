import {
  grantsRule,
  limits,
  matchesTarget,
  ok,
  parse,
  problemOf,
  refuse,
  targetKey,
  type AuditEntry,
  type EpochMs,
  type Grant,
  type Policy,
  type Problem,
  type Result,
  type SetPolicy,
  type Target,
} from '@cd-push/protocol';
import type { WrittenPolicy } from '@cd-push/store';

import { policyEntry } from '../audit/entries.ts';
import type { Directory } from '../authority/directory.ts';
import {
  administers,
  leftBy,
  mayDo,
  mayPushAtAll,
  rules,
  type RuntimeRecord,
  type Session,
} from '../authority/session.ts';
import type { Clock } from '../clock.ts';
import type { Journal } from '../journal/journal.ts';
import { factsOf, type Log } from '../log.ts';
import { noPolicy } from './merge.ts';
import type { PolicyBook } from './policy-book.ts';

export interface SetPolicyPorts {
  readonly directory: Directory;
  readonly policies: PolicyBook;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
}

/** Policies of one person who is no admin. */
const ofOne = 100;
/** Policies that only admins may still set, so that nobody else takes their place. */
const reserved = 100;

/** Changes what holds at an address; it holds from the moment of the answer on, also for runtimes that come later. */
export const setPolicy = async (
  payload: unknown,
  session: Session,
  ports: SetPolicyPorts,
): Promise<Result<{ policy: Policy }, Problem>> => {
  const { journal, clock, log } = ports;
  const change = parse('SetPolicy', payload);
  if (!change.ok) return change;
  // What another node has changed there stays.
  await journal.look();
  const at = clock.now();
  const refusal = refusalOf(change.value, session, ports);
  if (refusal !== undefined) {
    journal.audit(policyEntry(session, change.value, refusal.kind, at));
    return refuse(refusal);
  }
  const policy = changed(change.value, session, ports, at);
  try {
    await write(policy, policyEntry(session, policy, 'ok', at), session, ports);
  } catch (error) {
    log.error(factsOf(error), 'The journal took no policy.');
    return refuse(problemOf('journal-unavailable', { retryAfter: 1 }));
  }
  return ok({ policy });
};

const write = async (
  policy: Policy,
  entry: AuditEntry,
  session: Session,
  { policies, journal }: SetPolicyPorts,
): Promise<void> => {
  if (!saysNothing(policy, policies)) await journal.policy(session.tenant, policy, entry);
  else if (policies.find(policy.target) === undefined) {
    journal.audit(entry);
    return;
  } else {
    const over: WrittenPolicy = { ...policy, isOver: true };
    await journal.policy(session.tenant, over, entry);
  }
  // Another node's policies may stand before it, and are taken in first.
  if (policies.find(policy.target) !== policy) await journal.look();
};

/** What nobody would miss: without it the same holds. It may be all that keeps a runtime from another policy's mode. */
const saysNothing = ({ target, hold, silent, mode }: Policy, policies: PolicyBook): boolean => {
  if (hold || silent || mode !== noPolicy.mode) return false;
  const own = targetKey(target);
  return policies.all().every((other) => targetKey(other.target) === own || other.mode === noPolicy.mode);
};

const refusalOf = (
  { target }: SetPolicy,
  session: Session,
  { directory, policies }: SetPolicyPorts,
): Problem | undefined => {
  if (!mayPushAtAll(session) || !mayDo(session, 'manage')) {
    return problemOf('forbidden', { detail: 'Only a developer’s or admin’s session may set policies.' });
  }
  const isAdmin = session.roles.includes('admin');
  // An admin needs no grants, but gets no further than the session's identity lets it.
  const grants = isAdmin ? leftBy(session) : session.grants;
  const runtimes = runtimesAt(target, directory);
  // What is unknown and what is out of reach look alike.
  const isRuled = runtimes.length > 0 && runtimes.every((runtime) => rules({ grants }, runtime));
  if (!administers(session) && !(isRuled && staysWithin(target, grants))) {
    const detail =
      'It takes grants for the whole module and environment of every runtime of this address, those to come included.';
    return problemOf('forbidden', { path: '/target', detail });
  }
  return policies.find(target) === undefined ? boundOf(session, isAdmin, policies) : undefined;
};

/** Whether no runtime that enrols later is within an address and beyond the session's grants. */
const staysWithin = (target: Target, grants: readonly Grant[]): boolean =>
  !('select' in target) || grantsRule(grants, target.select.module ?? '', target.select.environment ?? '*');

const boundOf = ({ subject }: Session, isAdmin: boolean, policies: PolicyBook): Problem | undefined => {
  const all = policies.all();
  const own = all.filter(({ by }) => by === subject).length;
  const inAll = limits.policies - (isAdmin ? 0 : reserved);
  if (all.length < inAll && (isAdmin || own < ofOne)) return undefined;
  const many = all.length < inAll ? `You have set ${own}` : `There are ${all.length}`;
  const detail = `${many} policies already. Change one of them instead, or take it back.`;
  return problemOf('invalid-request', { path: '/target', detail });
};

/** What is not given stays as it is: as an earlier policy of this address says, or as it holds there by others. */
const changed = (
  { target, hold, silent, mode }: SetPolicy,
  session: Session,
  { directory, policies }: SetPolicyPorts,
  at: EpochMs,
): Policy => {
  const before = policies.find(target);
  return {
    target,
    hold: hold ?? before?.hold ?? false,
    silent: silent ?? before?.silent ?? false,
    mode: mode ?? before?.mode ?? modeAt(runtimesAt(target, directory), policies),
    by: session.subject,
    at,
  };
};

/** The mode that all runtimes of an address have now; a policy about something else does not change it. */
const modeAt = (runtimes: readonly RuntimeRecord[], policies: PolicyBook): Policy['mode'] => {
  const modes = new Set(runtimes.map((runtime) => policies.of(runtime).mode));
  const [mode = noPolicy.mode] = modes;
  return modes.size > 1 ? noPolicy.mode : mode;
};

const runtimesAt = (target: Target, directory: Directory): RuntimeRecord[] =>
  [...directory.all()].filter((runtime) => matchesTarget(target, runtime));
