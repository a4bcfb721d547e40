import { problemOf } from './problem.ts';
import { ok, refuse, type Result } from './result.ts';
import type { Problem } from './wire/problem-schema.ts';
import type { Target } from './wire/statement.ts';
import { subTypes } from './sub-types.ts';
import type { ICommConversationSub } from './wire/subscriber.ts';
import type { Labels, Selector } from './wire/sync-target.ts';

/**
 * The address that an entry of `pushRecepients` stands for, or undefined for the sender's entry.
 *
 * @param path JSON pointer to the entry, for the problem.
 */
export const targetOf = (entry: ICommConversationSub, path: string): Result<Target | undefined, Problem> => {
  switch (entry.subTypeId) {
    case subTypes.sender:
      return ok(undefined);
    case subTypes.group: {
      const group = entry.groupId;
      if (group === undefined || group === null) {
        return refuse(
          problemOf('invalid-envelope', {
            path: `${path}/groupId`,
            detail: 'A group entry needs its groupId.',
          }),
        );
      }
      return ok({ group: String(group) });
    }
    case subTypes.recipient: {
      if (entry.syncTarget !== undefined) return ok({ select: entry.syncTarget });
      const guid = entry.cdObjId?.resourceGuid;
      if (guid !== undefined && guid !== null && guid !== '') return ok({ guid });
      if (entry.userId > 0) return ok({ user: entry.userId });
      return refuse(
        problemOf('invalid-envelope', {
          path,
          detail: 'A recipient needs one of syncTarget, cdObjId.resourceGuid or userId.',
        }),
      );
    }
    default:
      return refuse(
        problemOf('unsupported-recipient', {
          path: `${path}/subTypeId`,
          detail: `subTypeId ${entry.subTypeId} (copies and forwards) is not supported; use 7 for a recipient or 2 for a group.`,
        }),
      );
  }
};

/** Every address of a push, each once, or the first entry's problem. */
export const targetsOf = (entries: readonly ICommConversationSub[]): Result<Target[], Problem> => {
  const targets = new Map<string, Target>();
  for (const [index, entry] of entries.entries()) {
    const target = targetOf(entry, `/pushData/pushRecepients/${index}`);
    if (!target.ok) return target;
    if (target.value !== undefined) targets.set(targetKey(target.value), target.value);
  }
  return ok([...targets.values()]);
};

/** The entry that stands for an address: the inverse of {@link targetOf}. */
export const entryOf = (target: Target): ICommConversationSub => {
  if ('select' in target) return { userId: 0, subTypeId: subTypes.recipient, syncTarget: target.select };
  if ('guid' in target)
    return { userId: 0, subTypeId: subTypes.recipient, cdObjId: { resourceGuid: target.guid } };
  if ('user' in target) return { userId: target.user, subTypeId: subTypes.recipient };
  return { userId: 0, subTypeId: subTypes.group, groupId: target.group };
};

/** What is known of a runtime when an address is held against it. */
export interface Addressee {
  readonly guid: string;
  readonly user: number | null;
  readonly groups: readonly string[];
  readonly module: string;
  readonly environment: string;
  readonly labels: Labels;
}

export const matchesTarget = (target: Target, addressee: Addressee): boolean => {
  if ('guid' in target) return target.guid === addressee.guid;
  if ('user' in target) return target.user === addressee.user;
  if ('group' in target) return addressee.groups.includes(target.group);
  return matchesSelector(target.select, addressee);
};

export const matchesSelector = (select: Selector, addressee: Addressee): boolean =>
  (select.module === undefined || select.module === addressee.module) &&
  (select.environment === undefined || select.environment === addressee.environment) &&
  Object.entries(select.labels ?? {}).every(([name, value]) => addressee.labels[name] === value);

/** A text that is equal for equal addresses, whatever the order of their members. */
export const targetKey = (target: Target): string => {
  if ('guid' in target) return `guid:${target.guid}`;
  if ('user' in target) return `user:${target.user}`;
  if ('group' in target) return `group:${target.group}`;
  const { module, environment, labels } = target.select;
  const sorted = Object.entries(labels ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `select:${JSON.stringify([module ?? null, environment ?? null, sorted])}`;
};
