import {
  isAcceptance,
  limits,
  ok,
  problemOf,
  refuse,
  type Acceptance,
  type Problem,
  type RelayCertificate,
  type Result,
} from '@cd-push/protocol';

import { repeatedDigestOf } from '../crypto/digest.ts';
import type { Awaitable, SigningKey } from '../crypto/port.ts';
import { openJws, signJws } from './jws.ts';
import type { OpenedStatement } from './statement.ts';

export const signAcceptance = (acceptance: Acceptance, relay: SigningKey): Promise<string> =>
  signJws('cd-push-acceptance+jws', acceptance, relay);

/**
 * Verifies that a certified relay accepted this statement while its `issuedAt` was fresh, which a receiver's own clock
 * cannot tell for what it gets later.
 *
 * @param opened what has to have been accepted. It may still be being verified, beside this; undefined where it did not
 *   hold, of which there can be no acceptance.
 */
export const openAcceptance = async (
  jws: string,
  relayCertificateJws: string,
  relay: RelayCertificate,
  opened: Awaitable<OpenedStatement | undefined>,
): Promise<Result<Acceptance, Problem>> => {
  const [payload, relayDigest, accepted] = await Promise.all([
    openJws('cd-push-acceptance+jws', jws, [relay.cnf.jwk]),
    repeatedDigestOf(relayCertificateJws),
    opened,
  ]);
  if (!isAcceptance(payload)) return refuse(bad('No certified relay signed this acceptance.'));
  if (
    accepted === undefined ||
    payload.statement !== accepted.digest ||
    payload.pushGuid !== accepted.statement.pushGuid
  ) {
    return refuse(bad('The acceptance is of another statement.'));
  }
  if (payload.relay !== relayDigest) return refuse(bad('The acceptance is of another relay.'));
  if (payload.acceptedAt < relay.notBefore || payload.acceptedAt > relay.notAfter) {
    return refuse(bad('The relay’s certificate was not valid when it accepted.'));
  }
  if (Math.abs(payload.acceptedAt - accepted.statement.issuedAt) > limits.clockSkewMs) {
    return refuse(bad('The statement was not fresh when it was accepted.'));
  }
  return ok(payload);
};

const bad = (detail: string): Problem => problemOf('bad-signature', { path: '/pushData/acceptance', detail });
