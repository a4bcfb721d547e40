import type { AuditEntry, EpochMs, Grant } from '@cd-push/protocol';

/** What a person may be; `runtime` is no role of people, a runtime has a credential of its own. */
export const userRoles = ['developer', 'observer', 'admin'] as const;
export type UserRole = (typeof userRoles)[number];

export interface User {
  /** Never given to another user, also not after removal. */
  readonly id: number;
  readonly guid: string;
  /** As it was given; looked up without regard to case and Unicode form. */
  readonly name: string;
  readonly roles: readonly UserRole[];
  readonly grants: readonly Grant[];
  readonly createdAt: EpochMs;
}

export interface NewUser {
  readonly name: string;
  /** Output of the password hash, with its parameters; never the password. */
  readonly passwordHash: string;
  readonly roles: readonly UserRole[];
  readonly grants: readonly Grant[];
  readonly at: EpochMs;
}

/** People who sign in. Every change is on the change feed from the moment that it is kept. */
export interface UserStore {
  /** Answers undefined where the name is taken. */
  create(user: NewUser, audit?: (made: User) => AuditEntry): Promise<User | undefined>;
  get(id: number): Promise<User | undefined>;
  list(): Promise<User[]>;
  findForLogin(name: string): Promise<{ readonly user: User; readonly passwordHash: string } | undefined>;
  /** These answer false where there is no such user. */
  setGrants(id: number, grants: readonly Grant[], at: EpochMs, audit?: AuditEntry): Promise<boolean>;
  setRoles(id: number, roles: readonly UserRole[], at: EpochMs, audit?: AuditEntry): Promise<boolean>;
  setPasswordHash(id: number, passwordHash: string): Promise<boolean>;
  /** Removes the user with grants, subscriptions and unused join codes, and revokes the sessions. Runtimes stay. */
  remove(id: number, at: EpochMs, audit?: AuditEntry): Promise<boolean>;
}

/** What a user name is looked up by: names that people take for the same are the same, whatever their case and Unicode form. */
export const nameKey = (name: string): string => name.normalize('NFKC').toLowerCase().normalize('NFKC');
