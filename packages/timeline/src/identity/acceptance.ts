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
  type Statement,
} from '@cd-push/protocol';

import { digestOf } from '../crypto/digest.ts';
import type { SigningKey } from '../crypto/port.ts';
import { openJws, signJws } from './jws.ts';

export const signAcceptance = (acceptance: Acceptance, relay: SigningKey): Promise<string> =>
  signJws('cd-push-acceptance+jws', acceptance, relay);

/**
 * Verifies that a certified relay accepted this statement while its `issuedAt` was fresh, which a receiver's own clock
 * cannot tell for what it gets later.
 */
export const openAcceptance = async (
  jws: string,
  relayCertificateJws: string,
  relay: RelayCertificate,
  opened: { readonly statement: Statement; readonly digest: string },
): Promise<Result<Acceptance, Problem>> => {
  const payload = await openJws('cd-push-acceptance+jws', jws, [relay.cnf.jwk]);
  if (!isAcceptance(payload)) return refuse(bad('No certified relay signed this acceptance.'));
  if (payload.statement !== opened.digest || payload.pushGuid !== opened.statement.pushGuid) {
    return refuse(bad('The acceptance is of another statement.'));
  }
  if (payload.relay !== (await digestOf(relayCertificateJws)))
    return refuse(bad('The acceptance is of another relay.'));
  if (payload.acceptedAt < relay.notBefore || payload.acceptedAt > relay.notAfter) {
    return refuse(bad('The relay’s certificate was not valid when it accepted.'));
  }
  if (Math.abs(payload.acceptedAt - opened.statement.issuedAt) > limits.clockSkewMs) {
    return refuse(bad('The statement was not fresh when it was accepted.'));
  }
  return ok(payload);
};

const bad = (detail: string): Problem => problemOf('bad-signature', { path: '/pushData/acceptance', detail });
