import type { AuditEntry } from '@cd-push/protocol';
import { digestOf } from '@cd-push/timeline';

/** Longest guid that a row may hold. */
const guidLength = 64;

/** How a refused push named itself, as far as that can be read: it may be anything, and is believed in nothing. */
export const namedIn = async (payload: unknown): Promise<Pick<AuditEntry, 'pushGuid' | 'digest'>> => {
  const pushData = member(payload, 'pushData');
  const statement = member(pushData, 'statement');
  return {
    ...guidIn(pushData),
    ...(typeof statement === 'string' ? { digest: await digestOf(statement) } : {}),
  };
};

/** The guid alone, which costs nothing to read. */
export const pushGuidIn = (payload: unknown): Pick<AuditEntry, 'pushGuid'> =>
  guidIn(member(payload, 'pushData'));

/** The guid of a push that a message is about, as far as that can be read. */
export const guidIn = (value: unknown): Pick<AuditEntry, 'pushGuid'> => {
  const pushGuid = member(value, 'pushGuid');
  return typeof pushGuid === 'string' && pushGuid.length <= guidLength ? { pushGuid } : {};
};

const member = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
