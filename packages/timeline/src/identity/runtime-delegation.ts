import {
  isRuntimeDelegation,
  limits,
  ok,
  problemOf,
  refuse,
  type Problem,
  type PublicKey,
  type Result,
  type RuntimeDelegation,
} from '@cd-push/protocol';

import type { SigningKey } from '../crypto/port.ts';
import { isAddress, type Address } from '../objects/address.ts';
import { openJws, signJws } from './jws.ts';
import { thumbprintOf } from './key-thumbprint.ts';
import type { SessionAuthority } from './session-state.ts';

/** A session that a runtime stands behind is for a while, and is opened anew then. */
const lastsAtMostMs = 24 * 60 * 60 * 1000;

/** @param runtime the key that the runtime has enrolled with. */
export const signRuntimeDelegation = (delegation: RuntimeDelegation, runtime: SigningKey): Promise<string> =>
  signJws('cd-push-delegation+jws', delegation, runtime);

/** Which runtime is expected, as it is known from elsewhere than the connection. */
export interface ExpectedRuntime {
  readonly guid: string;
  readonly tenant: string;
  readonly key: PublicKey;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/**
 * Whom a session speaks for that a runtime has signed for with its own key: the runtime, by the thumbprint of that key. Refused
 * with `bad-identity`; a scope of more than connecting and synchronising, with `forbidden`.
 */
export const openRuntimeDelegation = async (
  jws: string,
  { guid, tenant, key, at }: ExpectedRuntime,
): Promise<Result<SessionAuthority & { readonly session: Address }, Problem>> => {
  const payload = await openJws('cd-push-delegation+jws', jws, [key]);
  if (!isRuntimeDelegation(payload)) return refuse(bad('', 'The runtime’s own key did not sign this.'));
  const { runtime, session, key: own, scope } = payload;
  if (runtime !== guid) return refuse(bad('/runtime', 'It names another runtime.'));
  if (payload.tenant !== tenant) return refuse(bad('/tenant', 'It is of another tenant.'));
  if (!isAddress(session)) return refuse(bad('/session', 'It names no session.'));
  if (own.x === key.x) return refuse(bad('/key', 'A session has a key of its own.'));
  if (scope.expiresAt > at + lastsAtMostMs + limits.clockSkewMs)
    return refuse(bad('/scope/expiresAt', 'It holds for longer than a day.'));
  if (scope.verbs.some((verb) => verb !== 'connect' && verb !== 'sync')) {
    const detail = 'A runtime’s session connects and synchronises.';
    return refuse(problemOf('forbidden', { path: '/delegation/scope/verbs', detail }));
  }
  return ok({ principal: await thumbprintOf(key), session, key: own, scope });
};

const bad = (path: string, detail: string): Problem =>
  problemOf('bad-identity', { path: `/delegation${path}`, detail });
