import type { IdentityBound, PublicKey, UserView } from '@cd-push/protocol';

/** Who one is at an api, and whom to believe there. Nothing of it is secret. */
export interface Account {
  readonly apiUrl: string;
  readonly issuer: string;
  readonly tenant: string;
  /** The issuer's keys as they were last told; what they signed is believed. */
  readonly keys: readonly PublicKey[];
  readonly user: Omit<UserView, 'tenant'>;
  /** Address of the identity that speaks for the user. */
  readonly identity: string;
}

export const accountOf = (
  apiUrl: string,
  { identity, issuer, tenant, keys, user }: IdentityBound,
): Account => {
  const { tenant: _sameTenant, ...own } = user;
  return { apiUrl, issuer, tenant, keys, user: own, identity };
};
