import Type, { type Static } from 'typebox';

import { IdentityEventSchema } from '../wire/identity-event.ts';
import { AddressSchema, EpochMsSchema, NameSchema, TimeSchema } from '../wire/scalars.ts';
import { IssuerKeysSchema } from './issuer-keys.ts';
import { UserViewSchema } from './user-view.ts';

/** `GET /identities/:address`: how far the log of an identity goes here. */
export const IdentityViewSchema = Type.Object({
  /** Address of its genesis. */
  identity: AddressSchema,
  /** Address and number of its latest event. */
  tip: AddressSchema,
  n: Type.Integer({ minimum: 0 }),
  registeredAt: EpochMsSchema,
  /** When it was ended for good. */
  revokedAt: TimeSchema,
});
export type IdentityView = Static<typeof IdentityViewSchema>;

/** `POST /identities`: whose identity it is from now on, and who vouches for that. */
export const IdentityBoundSchema = Type.Object({
  ...IdentityViewSchema.properties,
  user: UserViewSchema,
  issuer: Type.String({ minLength: 1, maxLength: 512 }),
  tenant: NameSchema,
  keys: IssuerKeysSchema,
});
export type IdentityBound = Static<typeof IdentityBoundSchema>;

/** `GET /identities/:address/events`: the log as it was signed, from event `from` on. */
export const IdentityEventsSchema = Type.Object({
  events: Type.Array(IdentityEventSchema, { maxItems: 1_000 }),
});
export type IdentityEvents = Static<typeof IdentityEventsSchema>;
