import {
  isAuditHead,
  ok,
  problemOf,
  refuse,
  type AuditHead,
  type Problem,
  type Result,
  type SignedAuditHead,
} from '@cd-push/protocol';

import type { SigningKey } from '../crypto/port.ts';
import { openRelayCertificate } from '../identity/certificate.ts';
import { openJws, signJws } from '../identity/jws.ts';
import type { TrustRoot } from '../identity/trust-root.ts';

/**
 * Signs where a chain stands.
 *
 * @param certificate of the relay whose key it is; null where the issuer itself signs.
 */
export const signAuditHead = async (
  head: AuditHead,
  key: SigningKey,
  certificate: string | null,
): Promise<SignedAuditHead> => ({
  head: await signJws('cd-push-audit-head+jws', head, key),
  certificate,
});

/**
 * A head that the pinned issuer signed, or a relay that it had certified when the head was signed. That the log still
 * holds the row which it names is what `verifyAudit` finds out.
 */
export const openAuditHead = async (
  { head, certificate }: SignedAuditHead,
  root: TrustRoot,
): Promise<Result<AuditHead, Problem>> => {
  if (certificate === null) return headOf(await openJws('cd-push-audit-head+jws', head, root.keys), root);
  const relay = await openRelayCertificate(certificate, root);
  if (!relay.ok) return refuse({ ...relay.problem, path: '/certificate' });
  const { cnf, notBefore, notAfter } = relay.value;
  const opened = headOf(await openJws('cd-push-audit-head+jws', head, [cnf.jwk]), root);
  if (opened.ok && (opened.value.at < notBefore || opened.value.at > notAfter)) {
    return refuse(bad('The relay’s certificate was not valid when it signed this head.'));
  }
  return opened;
};

const headOf = (payload: unknown, root: TrustRoot): Result<AuditHead, Problem> => {
  if (!isAuditHead(payload)) {
    return refuse(bad('Neither the issuer that is pinned here nor a relay of it signed this head.'));
  }
  return payload.tenant === root.tenant ? ok(payload) : refuse(bad('The head is of another tenant.'));
};

const bad = (detail: string): Problem => problemOf('bad-signature', { path: '/head', detail });
