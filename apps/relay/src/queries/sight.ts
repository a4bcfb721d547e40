import { covers, credentialOf, grantsCover, type Observe, type RecipientId } from '@cd-push/protocol';
import type { PushFacts } from '@cd-push/store';

import { leftBy, seesAll, seesFile, type UserSession } from '../authority/session.ts';

/**
 * Everybody sees their own pushes, and those of files that one of their grants covers in the push's environment; in a session
 * that its identity has narrowed, their own as far as it lets the session.
 */
export const maySee = (session: UserSession, facts: Omit<PushFacts, 'recipients'>): boolean => {
  if (facts.tenant !== session.tenant) return false;
  if (seesAll(session)) return true;
  const resources = resourcesOf(facts);
  const { environment, sender } = facts;
  if (resources.some((resource) => seesFile(session, resource, environment))) return true;
  if (sender.subject !== session.subject) return false;
  const left = leftBy(session);
  return resources.length === 0
    ? left.some(({ prefix }) => grantsCover(left, prefix, environment))
    : resources.some((resource) => grantsCover(left, resource, environment));
};

/** Files of a push under all their names, those that a rename takes away included. */
export const resourcesOf = ({ signed }: Pick<PushFacts, 'signed'>): string[] =>
  (signed?.patches ?? []).flatMap(({ resource, from }) =>
    from === undefined ? [resource] : [resource, from],
  );

/** What narrows the pushes that are told of. */
export type PushFilter = {
  readonly [Member in 'pushGuid' | 'environment' | 'prefix' | 'recipient']?: Observe[Member] | undefined;
};

export const fitsFilter = (
  { pushGuid, environment, prefix, recipient }: PushFilter,
  facts: PushFacts,
): boolean =>
  (pushGuid === undefined || pushGuid === facts.pushGuid) &&
  (environment === undefined || environment === facts.environment) &&
  (prefix === undefined || resourcesOf(facts).some((resource) => covers(prefix, resource))) &&
  (recipient === undefined || facts.recipients.some((one) => isAt(recipient, one)));

/** Whether a recipient is the one that is named, or an instance of the credential that is. */
export const isAt = (named: string, recipient: RecipientId): boolean =>
  recipient === named || credentialOf(recipient) === named;
