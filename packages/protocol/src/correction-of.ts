import type { ProblemKind } from './problem-kinds.ts';
import { parseResource } from './resource.ts';
import type { Correction } from './wire/correction.ts';
import type { Problem } from './wire/problem-schema.ts';

/** What decides about a correction besides the problem itself. */
export interface FailureFacts {
  /** Files that the failed push itself brings. */
  readonly resources: readonly string[];
  /** Whether the recipient is connected now. */
  readonly isConnected: boolean;
  /** Whether its time to deliver has not passed, so that the same push may be tried again. */
  readonly isOwed: boolean;
}

/**
 * What would mend a failed or expired delivery. Proposed from what the runtime reported, which is the word of foreign
 * code: nobody gets a right from it, and whoever follows it is asked for the same grants as anybody.
 */
export const correctionOf = (problem: Problem, facts: FailureFacts): Correction => {
  const propose = Object.hasOwn(proposals, problem.kind) ? proposals[problem.kind] : undefined;
  // A kind that only a later peer knows says by itself whether the same may succeed later.
  return (propose ?? (problem.retryable ? transient : broken))(problem, facts);
};

type Proposal = (problem: Problem, facts: FailureFacts) => Correction;

const broken: Proposal = ({ resource }) => ({
  cause: 'broken-code',
  action: 'fix',
  ...about(resource),
  advice: 'Correct what was pushed, and push it again.',
});

const transient: Proposal = () => ({
  cause: 'transient',
  action: 'retry',
  advice: 'Nothing is wrong with the push itself: try the same again a little later.',
});

const unapproved: Proposal = () => ({
  cause: 'bad-grant',
  action: 'grant',
  advice:
    'Propose the push, so that others can approve of it: `cd-cli push --propose`, then `cd-cli approve`.',
});

const staleBase: Proposal = ({ resource }) => ({
  cause: 'stale-base',
  action: 'rebase',
  ...about(resource),
  advice: 'Read what is in place by now, make the change upon that, and push it as a new version.',
});

const badGrant: Proposal = ({ resource }) => ({
  cause: 'bad-grant',
  action: 'grant',
  ...about(resource),
  advice: 'Ask an admin for a grant that covers the resource, the environment and the target.',
});

const unsigned: Proposal = () => ({
  cause: 'bad-signature',
  action: 'sign-in',
  advice: 'Sign in for a fresh session and certificate, and push again: the signature is made anew.',
});

const absent: Proposal = (_, { isConnected, isOwed }) => {
  if (isConnected && isOwed) {
    const advice = 'The target was away for too long and is back: try the same push again.';
    return { cause: 'absent-target', action: 'retry', advice };
  }
  const advice = isOwed
    ? 'The target is away. Files reach it when it is back; a message can be tried again then.'
    : 'The time to deliver has passed. Files that are in place reach the target when it is back; a message has to be sent anew.';
  return { cause: 'absent-target', action: 'wait', advice };
};

const restart: Proposal = ({ resource }) => ({
  cause: 'needs-restart',
  action: 'restart',
  ...about(resource),
  advice: 'Start the target anew, or let the file or one that imports it accept its change.',
});

const insecure: Proposal = () => ({
  cause: 'needs-restart',
  action: 'restart',
  advice: 'Open the target over https or on loopback; elsewhere no signature can be checked.',
});

interface ImportFault {
  /** What a runtime, or the engine below it, says; the first group is the file that it is about. */
  readonly says: RegExp;
  readonly cause: 'missing-import' | 'mismatched-import';
  readonly advice: (name: string) => string;
}

const importFaults: readonly ImportFault[] = [
  {
    says: /There is no module (\/.+?)\.(?:\s|$)/u,
    cause: 'missing-import',
    advice: (name) => `${name} is not there at the target: push it first, or together with what imports it.`,
  },
  {
    says: /(?:^|: )(\/.+?) still imports \/.+?, which is deleted\./u,
    cause: 'mismatched-import',
    advice: (name) => `${name} still imports what is to be deleted: push it without that import first.`,
  },
  {
    says: /imports (\/.+?), which is deleted\./u,
    cause: 'missing-import',
    advice: (name) => `${name} is imported and was deleted: push it again, or remove the import.`,
  },
  {
    says: /The requested module '([^']+)' does(?: not|n't) provide an export named/u,
    cause: 'mismatched-import',
    advice: (name) => `${name} has no export of that name at the target: push the version that has it first.`,
  },
];

/** Packages come with the target and not with a push. */
const packageFaults: readonly RegExp[] = [
  /Cannot find (?:package|module) '([^']+)'/u,
  /No such built-in module: (\S+)/u,
  /This page does not know "([^"]+)"/u,
  /Failed to resolve module specifier ["'“]([^"'”]+)["'”]/u,
  /The specifier “([^”]+)” was a bare specifier/u,
  /Module name, '([^']+)' does not resolve to a valid URL/u,
];

/** A module that the target itself was served, and that did not arrive. */
const fetchFault =
  /(?:Failed to fetch|error loading) dynamically imported module|Importing a module script failed/u;
const timeFault = 'It did not settle in time';

/** UTF-16 units of a detail that are read: the runtime's own words lead, and what the code threw follows. */
const readDetail = 1_024;

const applyFailed: Proposal = (problem, facts) => {
  const detail = (problem.detail ?? '').slice(0, readDetail);
  for (const fault of importFaults) {
    const name = fault.says.exec(detail)?.[1];
    if (name !== undefined) return importCorrection(fault, name, problem, facts);
  }
  for (const says of packageFaults) {
    const name = says.exec(detail)?.[1];
    if (name === undefined) continue;
    const advice = `The package ${name} is not there at the target: install it there, or import something else.`;
    return { cause: 'missing-import', action: 'fix', ...about(problem.resource), advice };
  }
  return detail.startsWith(timeFault) || fetchFault.test(detail)
    ? transient(problem, facts)
    : broken(problem, facts);
};

const importCorrection = (
  { cause, advice }: ImportFault,
  name: string,
  { resource }: Problem,
  { resources }: FailureFacts,
): Correction => {
  // What a package exports is its own, and no push changes it.
  if (!parseResource(name).ok) return { cause, action: 'fix', ...about(resource), advice: advice(name) };
  if (!resources.includes(name))
    return { cause, action: 'push-missing', resource: name, advice: advice(name) };
  const both = `${name} and what imports it do not fit each other as they were pushed: correct both.`;
  return { cause, action: 'fix', resource: name, advice: both };
};

const about = (resource: string | undefined): { resource?: string } =>
  resource === undefined ? {} : { resource };

const proposals: Readonly<Record<ProblemKind, Proposal>> = {
  'invalid-json': broken,
  'invalid-envelope': broken,
  'invalid-request': broken,
  'invalid-patch': broken,
  'too-large': broken,
  'too-many-recipients': broken,
  'unsupported-version': broken,
  'not-found': broken,
  'unknown-trigger': broken,
  'unsupported-recipient': broken,
  'bad-object': broken,
  'bad-frame': broken,
  'missing-object': broken,
  'unresolved-conflict': broken,
  'apply-failed': applyFailed,
  crashed: broken,
  unauthenticated: unsigned,
  'invalid-credentials': unsigned,
  'session-expired': unsigned,
  'session-revoked': unsigned,
  'bad-signature': unsigned,
  'bad-certificate': unsigned,
  'bad-identity': unsigned,
  'identity-revoked': unsigned,
  'challenge-failed': unsigned,
  'approval-needed': unapproved,
  forbidden: badGrant,
  'forbidden-origin': badGrant,
  'sender-mismatch': badGrant,
  'stale-version': staleBase,
  'broken-chain': staleBase,
  conflict: staleBase,
  'tip-moved': staleBase,
  'sync-aborted': staleBase,
  'no-recipients': absent,
  expired: absent,
  'restart-required': restart,
  'insecure-context': insecure,
  'rate-limited': transient,
  'journal-unavailable': transient,
  unavailable: transient,
  timeout: transient,
  internal: transient,
};
