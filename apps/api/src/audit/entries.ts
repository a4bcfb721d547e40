import type { AuditEntry, EpochMs, Grant, IdentityEvent, PublicKey, Trigger } from '@cd-push/protocol';
import type { Identity, JoinCode, Member, Runtime, Session, User, UserRole } from '@cd-push/store';

import { subjectOf } from '../identity/callers.ts';

/** Rows of the audit are made here and nowhere else: plain facts by name, never anything secret. */

/** A signed-in user, as what they do is put down to them. */
export interface Actor {
  readonly user: User;
  readonly session: Session;
}

const whoIs = ({ user, session }: Actor): AuditEntry['who'] => ({
  subject: subjectOf(user),
  session: session.id,
});

/** Characters of what an admin chose freely, such as grants, that one row repeats. */
const detailLength = 2_000;
const brief = (detail: string): string =>
  detail.length <= detailLength ? detail : `${detail.slice(0, detailLength)}…`;

export const loginEntry = (
  user: User,
  session: string,
  identity: string | null,
  from: string,
  at: EpochMs,
): AuditEntry => ({
  at,
  event: 'login',
  who: { subject: subjectOf(user), session },
  outcome: 'ok',
  detail: `From ${from}, ${identity === null ? 'as an existing client' : `by ${identity}`}.`,
});

export const logoutEntry = (by: Actor, at: EpochMs): AuditEntry => ({
  at,
  event: 'logout',
  who: whoIs(by),
  outcome: 'ok',
  targets: [by.session.id],
});

/** What an identity says, a row for each event; one that begins with them is bound to its user, whose password was shown. */
export const identityEntries = (
  { address, userId }: Pick<Identity, 'address' | 'userId'>,
  events: readonly IdentityEvent[],
  from: string,
  at: EpochMs,
): AuditEntry[] =>
  events.map((event) => ({
    at,
    event: event.op === 'revocation' ? 'revocation' : 'identity',
    who: { subject: `user-${userId}`, session: null },
    outcome: 'ok',
    targets: [address],
    detail: `Event ${event.n} from ${from}: ${saidBy(event)}`,
  }));

const saidBy = (event: IdentityEvent): string => {
  switch (event.op) {
    case 'inception':
      return 'bound to the user.';
    case 'rotation':
      return 'its keys are rotated.';
    case 'claim':
      return `claims ${event.target}.`;
    case 'revocation':
      return 'ended by its own keys, with all of its sessions; what they signed is void.';
    default:
      return event satisfies never;
  }
};

export const identityWithdrawnEntry = (
  by: Actor,
  { address, userId }: Pick<Identity, 'address' | 'userId'>,
  at: EpochMs,
): AuditEntry => ({
  at,
  event: 'revocation',
  who: whoIs(by),
  outcome: 'ok',
  targets: [address],
  detail: `The identity of user-${userId} is ended, with all of its sessions; what they signed is void.`,
});

export const sessionEndedEntry = (by: Actor, sid: string, at: EpochMs): AuditEntry => ({
  at,
  event: 'revocation',
  who: whoIs(by),
  outcome: 'ok',
  targets: [sid],
  detail: 'The session is ended, and what it signed is void.',
});

export const userRemovedEntry = (by: Actor, id: number, at: EpochMs): AuditEntry => ({
  at,
  event: 'revocation',
  who: whoIs(by),
  outcome: 'ok',
  targets: [`user-${id}`],
  detail: 'The user is removed, all sessions are ended, and what they signed is void.',
});

export const runtimeRemovedEntry = (by: Actor, guid: string, at: EpochMs): AuditEntry => ({
  at,
  event: 'revocation',
  who: whoIs(by),
  outcome: 'ok',
  targets: [guid],
  detail: 'The runtime’s credential is withdrawn.',
});

/** @param by null where a user was made from the command line. */
export const userMadeEntry = (by: Actor | null, user: User, at: EpochMs): AuditEntry => ({
  at,
  event: 'user',
  who: by && whoIs(by),
  outcome: 'ok',
  targets: [subjectOf(user)],
  detail: brief(`Made as "${user.name}"; ${rolesText(user.roles)}; ${grantsText(user.grants)}.`),
});

export const grantsEntry = (by: Actor, id: number, grants: readonly Grant[], at: EpochMs): AuditEntry => ({
  at,
  event: 'user',
  who: whoIs(by),
  outcome: 'ok',
  targets: [`user-${id}`],
  detail: brief(`From now on ${grantsText(grants)}.`),
});

export const rolesEntry = (by: Actor, id: number, roles: readonly UserRole[], at: EpochMs): AuditEntry => ({
  at,
  event: 'user',
  who: whoIs(by),
  outcome: 'ok',
  targets: [`user-${id}`],
  detail: `From now on ${rolesText(roles)}.`,
});

export const joinCodeEntry = (
  by: Actor,
  {
    id,
    module,
    environment,
    groups,
    approvals,
  }: Pick<JoinCode, 'id' | 'module' | 'environment' | 'groups' | 'approvals'>,
  what: 'made' | 'withdrawn',
  at: EpochMs,
): AuditEntry => ({
  at,
  event: 'join-code',
  who: whoIs(by),
  outcome: 'ok',
  targets: [id],
  detail: brief(
    `${what === 'made' ? 'Made' : 'Withdrawn'}: for "${module}" in "${environment}"${groups.length === 0 ? '' : `, of ${groups.join(', ')}`}${approvals === 0 ? '' : `, asking for ${approvals} approvals`}.`,
  ),
});

export const enrolledEntry = (
  { guid, name, module, environment, user }: Runtime,
  from: string,
  at: EpochMs,
): AuditEntry => ({
  at,
  event: 'enrolled',
  who: { subject: guid, session: null },
  outcome: 'ok',
  targets: [guid],
  detail: `"${name}" from ${from}: "${module}" in "${environment}", by a join code of ${user === null ? 'a user who is removed' : `user-${user}`}.`,
});

export const certifiedEntry = (service: string, { x }: PublicKey, at: EpochMs): AuditEntry => ({
  at,
  event: 'certified',
  who: { subject: service, session: null },
  outcome: 'ok',
  detail: `A relay’s key: ${x}.`,
});

export const membershipEntry = (
  by: Actor,
  { group, member }: { readonly group: string; readonly member: Member },
  what: 'joins' | 'leaves',
  at: EpochMs,
): AuditEntry => ({
  at,
  event: 'membership',
  who: whoIs(by),
  outcome: 'ok',
  targets: [member.kind === 'user' ? `user-${member.userId}` : member.guid],
  detail: `${what === 'joins' ? 'Joins' : 'Leaves'} "${group}".`,
});

export const triggerEntry = (by: Actor, trigger: Trigger, at: EpochMs): AuditEntry => ({
  at,
  event: 'trigger',
  who: whoIs(by),
  outcome: 'ok',
  targets: [trigger.trigger],
  detail: `Emits "${trigger.emits}" and carries ${trigger.carries}.`,
});

export const triggerRemovedEntry = (by: Actor, trigger: string, at: EpochMs): AuditEntry => ({
  at,
  event: 'trigger',
  who: whoIs(by),
  outcome: 'ok',
  targets: [trigger],
  detail: 'Taken out of the registry.',
});

const rolesText = (roles: readonly UserRole[]): string =>
  roles.length === 0 ? 'no roles' : `roles: ${roles.join(', ')}`;

const grantsText = (grants: readonly Grant[]): string =>
  grants.length === 0
    ? 'no grants'
    : `grants: ${grants.map(({ prefix, environments }) => `${prefix} in ${environments.join('|')}`).join(', ')}`;
