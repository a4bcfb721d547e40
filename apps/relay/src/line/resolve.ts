import {
  branded,
  moduleOf,
  ok,
  problemOf,
  recipientIdOf,
  refuse,
  targetKey,
  type Problem,
  type RecipientId,
  type Resource,
  type Result,
  type Statement,
} from '@cd-push/protocol';

import type { Directory } from '../authority/directory.ts';
import { reaches, rules, type RuntimeRecord, type UserSession } from '../authority/session.ts';
import type { Roster } from '../nodes/roster.ts';
import type { Policies } from '../peers/policies.ts';

/** Addresses that are walked over all runtimes of a module; groups and guids are looked up and need no bound. */
const selectors = 256;

/** Whom a push goes to. */
export interface Resolved {
  readonly runtimes: readonly RuntimeRecord[];
  readonly recipients: readonly RecipientId[];
}

/**
 * Step 6: addresses become recipients, and stay these. Each instance of a runtime that is
 * connected to any node is one; a runtime that is
 * known but absent is one by its credential. What is unknown and what is out of reach look alike.
 */
export const resolve = (
  statement: Statement,
  session: UserSession,
  directory: Directory,
  roster: Roster,
  policies: Policies,
): Result<Resolved, Problem> => {
  const targets = new Map(statement.targets.map((target) => [targetKey(target), target]));
  const selecting = [...targets.values()].filter((target) => 'select' in target).length;
  if (selecting > selectors) {
    const detail = `${selecting} selectors; at most ${selectors} fit one push. Address a group instead.`;
    return refuse(problemOf('too-many-recipients', { path: '/pushData/pushRecepients', detail }));
  }
  const modules =
    statement.kind === 'patch'
      ? new Set(statement.patches.map(({ resource }) => moduleOf(branded<Resource>(resource))))
      : undefined;
  const may = statement.kind === 'operation' ? rules : reaches;
  const runtimes = new Set<RuntimeRecord>();
  for (const target of targets.values()) {
    for (const runtime of directory.matching(target, statement.environment)) {
      const isMeant = may(session, runtime) && (modules?.has(runtime.module) ?? true);
      if (isMeant && policies.takes(runtime, session.user)) runtimes.add(runtime);
    }
  }
  if (runtimes.size === 0) {
    return refuse(
      problemOf('no-recipients', { path: '/pushData/pushRecepients', detail: detailOf(statement) }),
    );
  }
  const found = [...runtimes];
  return ok({ runtimes: found, recipients: found.flatMap((runtime) => recipientsOf(runtime, roster)) });
};

const recipientsOf = ({ guid }: RuntimeRecord, roster: Roster): RecipientId[] => {
  const instances = roster.connected(guid);
  return instances.length > 0 ? instances : [recipientIdOf(guid)];
};

/** Says the sender's own addresses again, so that it sees which matched nothing. */
const detailOf = ({ targets, environment }: Statement): string => {
  const shown = targets.slice(0, 3).map((target) => JSON.stringify(target));
  const more = targets.length > shown.length ? ` and ${targets.length - shown.length} more` : '';
  const known = targets.some((target) => 'select' in target) ? 'that ever connected ' : '';
  return `In "${environment}" nothing ${known}matches ${shown.join(', ')}${more}.`;
};
