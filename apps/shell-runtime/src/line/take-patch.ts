import { ok, problemOf, ProblemError, type Problem } from '@cd-push/protocol';

import { applyTogether } from '../components/apply-together.ts';
import type { Applying } from '../record/applying-mark.ts';
import { checkVersions } from './check-versions.ts';
import type { Arrival } from './journal-progress.ts';
import type { Gate, LinePorts } from './line-ports.ts';
import { isUnfetched, openContents } from './open-contents.ts';
import type { Outcome } from './outcomes.ts';
import type { Change, TrustedPatch } from './push.ts';
import type { Verifier } from './verify-push.ts';

/** Steps of a trusted push of files: versions, contents, acceptance, stage, delivered, mark, apply, unmark, persist. */
export const takePatch = async (
  push: TrustedPatch,
  ports: LinePorts,
  verifier: Verifier,
  gate: Gate,
  arrival: Arrival,
): Promise<Outcome> => {
  const { link, state, events } = ports;
  const verdict = await checkVersions(
    push,
    (resource) => state.standing(resource),
    verifier,
    link.self().trust,
  );
  if (!verdict.ok) return { completed: false, problem: verdict.problem };
  const { fresh } = verdict.value;
  const known = outcomeBefore(push, ports) ?? (fresh.length === 0 ? { completed: true as const } : undefined);
  const opened = known === undefined ? await openContents(push, fresh, ports, gate) : ok([]);
  if (!opened.ok) return { completed: false, problem: opened.problem, isCutOff: isUnfetched(opened.problem) };
  const unaccepted = await gate.passed();
  if (unaccepted !== undefined) return { completed: false, problem: unaccepted };
  const changes = opened.value;
  if (known !== undefined) {
    gate.delivered(false);
    return known;
  }

  const problem = await apply(push, changes, ports, gate);
  if (problem !== undefined) {
    const outcome = problem.kind === 'restart-required' ? 'pending' : 'failed';
    await written(state.notApplied(push, changes, outcome, problem, arrival.settled()));
    return { completed: false, problem };
  }
  events.applied(push, changes);
  await written(state.applied(push, changes, arrival.settled()));
  return { completed: true };
};

/** Puts all changes in place or none; the problem says why none. */
const apply = async (
  push: TrustedPatch,
  all: readonly Change[],
  { appliers, mark, instance, state }: LinePorts,
  gate: Gate,
): Promise<Problem | undefined> => {
  const changes = all.filter((change) => !standsAlready(change, state));
  if (changes.length === 0) {
    gate.delivered(false);
    return undefined;
  }
  try {
    const runsCode = changes.some(({ head }) => head.componentType !== 'style');
    // The platform may load meanwhile what was staged, so what is still to be said and written costs no time of its own.
    const parts = await appliers.stage(changes).finally(() => gate.delivered(runsCode));
    // From here on code of the push runs, which may never give the thread back.
    if (runsCode) mark.open(applyingOf(push, changes, instance));
    try {
      await applyTogether(parts);
    } finally {
      if (runsCode) mark.close();
    }
    return undefined;
  } catch (error) {
    return problemOfFailure(error, changes);
  }
};

/** What is brought back stands still where the change that is taken back never took effect; nothing is to be run anew for it. */
const standsAlready = ({ head }: Change, state: LinePorts['state']): boolean =>
  head.restores !== undefined &&
  head.change !== 'rename' &&
  head.digest === state.standing(head.resource).digest;

/**
 * Outcome of this very attempt in an earlier life of this program: it crashed, or waits for a restart. A further attempt
 * is tried again.
 */
const outcomeBefore = (push: TrustedPatch, { state }: LinePorts): Outcome | undefined => {
  for (const { resource } of push.statement.patches) {
    const next = state.record(resource)?.next;
    if (next?.statement === push.digest && next.attempt >= push.parsed.attempt) {
      return { completed: false, problem: next.problem };
    }
  }
  return undefined;
};

const applyingOf = (push: TrustedPatch, changes: readonly Change[], instance: string): Applying => ({
  kind: 'push',
  instance,
  pushGuid: push.statement.pushGuid,
  attempt: push.parsed.attempt,
  statement: push.digest,
  resources: changes.map(({ head: { resource, version, digest } }) => ({ resource, version, digest })),
});

const problemOfFailure = (error: unknown, changes: readonly Change[]): Problem =>
  error instanceof ProblemError
    ? error.problem
    : problemOf('apply-failed', {
        resource: changes.length === 1 ? changes[0]?.head.resource : undefined,
        detail: error instanceof Error ? error.message : String(error),
        stack: error instanceof Error ? error.stack : undefined,
      });

/**
 * What runs is true without the record as well: a platform that cannot write (no space, private window) costs a catch-up
 * from the relay at the next start, not the push.
 */
const written = async (writing: Promise<void>): Promise<void> => {
  try {
    await writing;
  } catch (error) {
    console.warn('[cd-push] What was applied could not be kept for the next start.', error);
  }
};
