import {
  grantsCover,
  isCertificate,
  isRelayCertificate,
  ok,
  problemOf,
  refuse,
  type Certificate,
  type Problem,
  type RelayCertificate,
  type Result,
} from '@cd-push/protocol';

import type { SigningKey } from '../crypto/port.ts';
import { openJws, signJws } from './jws.ts';
import type { TrustRoot } from './trust-root.ts';

export const signCertificate = (certificate: Certificate, issuer: SigningKey): Promise<string> =>
  signJws('cd-push-cert+jws', certificate, issuer);

export const signRelayCertificate = (certificate: RelayCertificate, issuer: SigningKey): Promise<string> =>
  signJws('cd-push-relay+jws', certificate, issuer);

/** A certificate that the pinned issuer signed for this tenant; whether it was valid in time is the statement's question. */
export const openCertificate = async (
  jws: string,
  root: TrustRoot,
): Promise<Result<Certificate, Problem>> => {
  const payload = await openJws('cd-push-cert+jws', jws, root.keys);
  if (payload === undefined)
    return refuse(bad('The issuer that is pinned here did not sign this certificate.'));
  if (!isCertificate(payload)) return refuse(bad('The certificate does not fit its schema.'));
  if (payload.iss !== root.issuer) return refuse(bad('The certificate names another issuer.'));
  if (payload.tenant !== root.tenant) return refuse(bad('The certificate is of another tenant.'));
  return ok(payload);
};

/** A relay's certificate that the pinned issuer signed. */
export const openRelayCertificate = async (
  jws: string,
  root: TrustRoot,
): Promise<Result<RelayCertificate, Problem>> => {
  const payload = await openJws('cd-push-relay+jws', jws, root.keys);
  if (!isRelayCertificate(payload) || payload.iss !== root.issuer) {
    return refuse(bad('The issuer that is pinned here did not certify this relay.'));
  }
  if (payload.tenant !== '*' && payload.tenant !== root.tenant)
    return refuse(bad('The relay is of another tenant.'));
  return ok(payload);
};

/** Whether a certificate lets its key push this resource in this environment. */
export const mayPush = (certificate: Certificate, resource: string, environment: string): boolean =>
  grantsCover(certificate.grants, resource, environment);

const bad = (detail: string): Problem =>
  problemOf('bad-certificate', { path: '/pushData/certificate', detail });
