import { covers, credentialOf, type Observe, type RecipientId } from '@cd-push/protocol';
import type { PushFacts } from '@cd-push/store';

import { grantsPush, seesAll, type UserSession } from '../authority/session.ts';

/** Everybody sees their own pushes, and those of files that one of their grants covers in the push's environment. */
export const maySee = (session: UserSession, facts: Omit<PushFacts, 'recipients'>): boolean => {
  if (facts.tenant !== session.tenant) return false;
  if (seesAll(session) || facts.sender.subject === session.subject) return true;
  return resourcesOf(facts).some((resource) => grantsPush(session, resource, facts.environment));
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
