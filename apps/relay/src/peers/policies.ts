import type { RuntimePolicy } from '@cd-push/protocol';

import type { RuntimeRecord, UserSession } from '../authority/session.ts';

/** What holds for runtimes, whoever set it. Asked on the way of every push, so it answers from memory. */
export interface Policies {
  of(runtime: RuntimeRecord): RuntimePolicy;
  /** Whether a runtime takes pushes of this user at all. */
  takes(runtime: RuntimeRecord, from: Pick<UserSession['user'], 'id'>): boolean;
}
