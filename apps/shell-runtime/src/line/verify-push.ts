import {
  ok,
  problemOf,
  refuse,
  type Certificate,
  type Problem,
  type RelayCertificate,
  type Result,
} from '@cd-push/protocol';
import {
  disagreementOf,
  openAcceptance,
  openCertificate,
  openRelayCertificate,
  openStatement,
  type TrustRoot,
} from '@cd-push/timeline';

import type { ParsedPush, TrustedPush } from './push.ts';

/** A session has one certificate and a relay has one; more than these are met only while they are renewed. */
const keptCertificates = 32;

type Opened<Value> = Promise<Result<Value, Problem>>;

/** Verifies who signed a push and who accepted it. Certificates that were opened once are not opened again. */
export class Verifier {
  #root: TrustRoot | undefined;
  readonly #certificates = new Map<string, Opened<Certificate>>();
  readonly #relays = new Map<string, Opened<RelayCertificate>>();

  async verify(parsed: ParsedPush, root: TrustRoot): Promise<Result<TrustedPush, Problem>> {
    this.#pin(root);
    const [certificate, relay] = await Promise.all([
      this.openCertificate(parsed.certificate, root),
      once(this.#relays, parsed.relayCertificate, (jws) => openRelayCertificate(jws, root)),
    ]);
    if (!certificate.ok) return certificate;
    if (!relay.ok) return relay;
    const opening = openStatement(parsed.statement, parsed.certificate, certificate.value);
    const accepted = openAcceptance(
      parsed.acceptance,
      parsed.relayCertificate,
      relay.value,
      opening.then((result) => (result.ok ? result.value : undefined)),
    ).then(
      (acceptance) => (acceptance.ok ? undefined : acceptance.problem),
      (error: unknown) => problemOf('internal', { detail: String(error) }),
    );
    const opened = await opening;
    if (!opened.ok) return opened;
    const { statement, digest } = opened.value;
    const disagreement = disagreementOf(parsed.data, statement);
    if (disagreement !== undefined) return refuse(disagreement);
    return ok({ parsed, statement, digest, certificate: certificate.value, accepted });
  }

  openCertificate(jws: string, root: TrustRoot): Opened<Certificate> {
    this.#pin(root);
    return once(this.#certificates, jws, (text) => openCertificate(text, root));
  }

  /** What was opened by other keys of the issuer counts no more. */
  #pin(root: TrustRoot): void {
    if (this.#root === root) return;
    this.#root = root;
    this.#certificates.clear();
    this.#relays.clear();
  }
}

const once = <Value>(
  cache: Map<string, Opened<Value>>,
  jws: string,
  open: (jws: string) => Opened<Value>,
): Opened<Value> => {
  const known = cache.get(jws);
  if (known !== undefined) return known;
  if (cache.size >= keptCertificates) cache.clear();
  const opening = open(jws);
  cache.set(jws, opening);
  return opening;
};

export const revokedProblem = (session: string): Problem =>
  problemOf('session-revoked', {
    path: '/pushData/certificate',
    detail: `Session ${session}, which signed this push, was ended.`,
  });
