import {
  epochMs,
  limits,
  type Delegation,
  type EpochMs,
  type Grant,
  type PublicKey,
  type Verb,
} from '@cd-push/protocol';
import { signCertificate, signRelayCertificate, type SigningKey } from '@cd-push/timeline';

/** Who certifies, in the terms of a certificate. */
export interface Certifier {
  readonly issuer: string;
  readonly tenant: string;
  readonly key: SigningKey;
}

/** How long a relay's certificate holds: 7 days. A relay asks for a new one at every start and well before. */
const relayCertificateMs = 7 * 24 * 60 * 60 * 1000;

/** Certifies a session's key for what its user may push. */
export const certifySession = (
  certifier: Certifier,
  session: {
    readonly id: string;
    readonly subject: string;
    readonly publicKey: PublicKey;
    readonly grants: readonly Grant[];
    readonly identity: string;
    readonly delegation: Delegation;
    readonly verbs: readonly Verb[];
  },
  at: EpochMs,
  lifetimeMs: number,
): Promise<string> =>
  signCertificate(
    {
      v: 1,
      iss: certifier.issuer,
      aud: 'cd-push:code',
      sub: session.subject,
      tenant: certifier.tenant,
      session: session.id,
      identity: session.identity,
      delegation: session.delegation,
      cnf: { jwk: session.publicKey },
      verbs: [...session.verbs],
      grants: [...session.grants],
      // A sender whose clock is behind ours by what the relay tolerates may sign at once.
      notBefore: epochMs(at - limits.clockSkewMs),
      notAfter: epochMs(at + lifetimeMs),
    },
    certifier.key,
  );

/** Certifies a key as that of a relay, whose acceptances runtimes then believe. */
export const certifyRelay = (
  certifier: Certifier,
  subject: string,
  publicKey: PublicKey,
  at: EpochMs,
): Promise<string> =>
  signRelayCertificate(
    {
      v: 1,
      iss: certifier.issuer,
      aud: 'cd-push:acceptance',
      sub: subject,
      tenant: certifier.tenant,
      cnf: { jwk: publicKey },
      notBefore: epochMs(at - limits.clockSkewMs),
      notAfter: epochMs(at + relayCertificateMs),
    },
    certifier.key,
  );
