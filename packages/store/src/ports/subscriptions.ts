import type { AuditEntry, EpochMs } from '@cd-push/protocol';

/** Who belongs to a group: a user, or one runtime. */
export type Member =
  | { readonly kind: 'user'; readonly userId: number }
  | { readonly kind: 'runtime'; readonly guid: string };

/** inteRact: a member of a group, which a push can address as a whole. */
export interface Subscription {
  readonly id: number;
  readonly group: string;
  readonly member: Member;
  readonly createdAt: EpochMs;
}

export interface SubscriptionStore {
  /** The one that is there is answered again; undefined where there is no such user or runtime. */
  add(group: string, member: Member, at: EpochMs, audit?: AuditEntry): Promise<Subscription | undefined>;
  get(id: number): Promise<Subscription | undefined>;
  list(group?: string): Promise<Subscription[]>;
  /** Groups that the member is in by itself, sorted. */
  groupsOf(member: Member): Promise<string[]>;
  remove(id: number, at: EpochMs, audit?: AuditEntry): Promise<boolean>;
}
