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
  openDelegation,
  openRelayCertificate,
  openStatement,
  type FollowedIdentity,
  type TrustRoot,
} from '@cd-push/timeline';

import type { RuntimeSelf } from '../link/link.ts';
import type { ParsedPush, TrustedPush } from './push.ts';

/** A session has one certificate and a relay has one; more than these are met only while they are renewed. */
const keptCertificates = 32;

type Opened<Value> = Promise<Result<Value, Problem>>;

/** What was seen of identities before, here or in an earlier life. */
export interface KnownIdentities {
  identity(address: string): FollowedIdentity | undefined;
  keepIdentity(followed: FollowedIdentity): Promise<void>;
  isRevoked(signed: { readonly session: string; readonly identity: string }): boolean;
}

/**
 * Verifies who signed a push and who accepted it: the session's key, which an identity has claimed by its own keys and the
 * issuer has certified. Certificates that were opened once are not opened again.
 */
export class Verifier {
  readonly #identities: KnownIdentities;
  #root: TrustRoot | undefined;
  readonly #certificates = new Map<string, Opened<Certificate>>();
  readonly #relays = new Map<string, Opened<RelayCertificate>>();

  constructor(identities: KnownIdentities) {
    this.#identities = identities;
  }

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
    return once(this.#certificates, jws, (text) => this.#open(text, root));
  }

  /** One without the other proves nothing: the issuer certifies what an identity has claimed. */
  async #open(jws: string, root: TrustRoot): Opened<Certificate> {
    const certificate = await openCertificate(jws, root);
    if (!certificate.ok) return certificate;
    const { identity } = certificate.value;
    if (root.identities?.includes(identity) === false) return refuse(untrusted(identity));
    const delegation = await openDelegation(certificate.value, this.#identities.identity(identity));
    if (!delegation.ok) return delegation;
    await this.#keep(delegation.value.followed);
    return certificate;
  }

  /** Why too few other people approve of a push: what was said at enrolment counts, whatever the relay holds for enough. */
  async unapproved(
    { parsed, statement, digest, certificate }: TrustedPush,
    { approvals: required, trust: root, module }: RuntimeSelf,
  ): Promise<Problem | undefined> {
    if (required === 0) return undefined;
    // Loaded by those alone that ask for some.
    const { countApprovals } = await import('./count-approvals.ts');
    return countApprovals({
      opened: { statement, digest },
      signer: { user: certificate.sub, identity: certificate.identity },
      approvals: parsed.data.approvals ?? [],
      required,
      modules: [module],
      root,
      known: (identity) => this.#identities.identity(identity),
      keep: (followed) => this.#keep(followed),
      isRevoked: (of) => this.#identities.isRevoked(of),
    });
  }

  #keep(followed: FollowedIdentity): Promise<void> {
    return this.#identities
      .keepIdentity(followed)
      .catch((error: unknown) => console.warn('[cd-push] Not kept: who signed.', error));
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

const untrusted = (identity: string): Problem =>
  problemOf('bad-certificate', {
    path: '/pushData/certificate/identity',
    detail: `This runtime was enrolled to believe certain identities alone, and ${identity} is none of them.`,
  });

export const revokedProblem = (session: string): Problem =>
  problemOf('session-revoked', {
    path: '/pushData/certificate',
    detail: `Session ${session}, which signed this push, was ended, or the identity behind it.`,
  });
