import {
  guardJson,
  isPushedEnvelop,
  limits,
  matchesTarget,
  ok,
  problemOf,
  refuse,
  type Addressee,
  type Certificate,
  type PatchHead,
  type Problem,
  type RelayCertificate,
  type Result,
  type Statement,
} from '@cd-push/protocol';
import {
  disagreementOf,
  openAcceptance,
  openCertificate,
  openContent,
  openDelegation,
  openRelayCertificate,
  openStatement,
  type HeldContent,
  type TrustRoot,
} from '@cd-push/timeline';

/** What stands at a resource. */
export interface Standing {
  readonly version: number;
  readonly digest: string | null;
  /** What a delta upon it is taken from; undefined where it is bytes, or gone. */
  readonly held?: HeldContent | undefined;
}

/** Who this recipient is, whom it believes and what it holds. */
export interface Self extends Addressee {
  readonly trust: TrustRoot;
}

export interface Taken {
  readonly pushGuid: string;
  readonly attempt: number;
  /** Digest of the statement: what an acknowledgement names. */
  readonly statement: string;
}

/** Certificates that were opened once, as runtimes keep them; many recipients of one process do not share them. */
export class Opened {
  readonly certificates = new Map<string, Promise<Result<Certificate, Problem>>>();
  readonly relays = new Map<string, Promise<Result<RelayCertificate, Problem>>>();
}

/**
 * Every check that a runtime does before it says `delivered`, in the same order and by the same functions of the
 * packages; what it would do with the content afterwards is left out. A run proves by forgeries that none is missing.
 */
export const verifyPush = async (
  envelope: unknown,
  self: Self,
  opened: Opened,
  standing: Map<string, Standing>,
  revoked: ReadonlySet<string>,
): Promise<Result<Taken, Problem>> => {
  const fault = guardJson(envelope);
  if (fault !== undefined) return refuse(fault);
  if (!isPushedEnvelop(envelope)) return refuse(problemOf('invalid-envelope', { path: '' }));
  const { pushData } = envelope;
  const { statement: jws, certificate: certificateJws, acceptance, relayCertificate, attempt = 1 } = pushData;
  if (
    jws === undefined ||
    certificateJws === undefined ||
    acceptance === undefined ||
    relayCertificate === undefined
  )
    return refuse(problemOf('bad-signature', { detail: 'The envelope lacks a part of its proof.' }));

  const [certificate, relay] = await Promise.all([
    once(opened.certificates, certificateJws, (text) => openClaimed(text, self.trust)),
    once(opened.relays, relayCertificate, (text) => openRelayCertificate(text, self.trust)),
  ]);
  if (!certificate.ok) return certificate;
  if (!relay.ok) return relay;
  const signed = await openStatement(jws, certificateJws, certificate.value);
  if (!signed.ok) return signed;
  const accepted = await openAcceptance(acceptance, relayCertificate, relay.value, signed.value);
  if (!accepted.ok) return accepted;
  const { statement, digest } = signed.value;
  const disagreement = disagreementOf(pushData, statement);
  if (disagreement !== undefined) return refuse(disagreement);

  if (revoked.has(certificate.value.session)) return refuse(problemOf('session-revoked'));
  const misaddressed = addressFault(statement, self);
  if (misaddressed !== undefined) return refuse(misaddressed);
  if (statement.kind !== 'patch') return refuse(problemOf('invalid-envelope', { detail: 'No patch.' }));
  for (const head of statement.patches) {
    const unfit = versionFault(head, statement.issuedAt, standing.get(head.resource));
    if (unfit !== undefined) return refuse(unfit);
  }
  const changed = new Map<string, Standing>();
  for (const [index, head] of statement.patches.entries()) {
    const sent = pushData.contents?.[index] ?? { encoding: 'none' };
    const before = standing.get(head.resource);
    const base = sent.encoding === 'delta' && sent.base === before?.digest ? before.held : undefined;
    const content = await openContent(head, sent, base);
    if (!content.ok) return content;
    const { value } = content;
    const held = value.kind === 'text' ? { content: value.text, map: value.map } : undefined;
    changed.set(head.resource, { version: head.version, digest: head.digest, held });
  }
  for (const [resource, now] of changed) standing.set(resource, now);
  return ok({ pushGuid: statement.pushGuid, attempt, statement: digest });
};

/** The issuer certifies what an identity has claimed: one without the other proves nothing. */
const openClaimed = async (jws: string, root: TrustRoot): Promise<Result<Certificate, Problem>> => {
  const certificate = await openCertificate(jws, root);
  if (!certificate.ok) return certificate;
  const delegation = await openDelegation(certificate.value, undefined);
  return delegation.ok ? certificate : delegation;
};

const addressFault = (statement: Statement, self: Self): Problem | undefined => {
  const mine =
    statement.tenant === self.trust.tenant &&
    statement.environment === self.environment &&
    statement.targets.some((target) => matchesTarget(target, self));
  return mine ? undefined : problemOf('forbidden', { detail: 'No target of the push is this recipient.' });
};

const versionFault = (
  { resource, version, predecessor }: PatchHead,
  issuedAt: number,
  here: Standing | undefined,
): Problem | undefined => {
  if (version > issuedAt + limits.clockSkewMs) return problemOf('bad-signature', { resource });
  if (here === undefined) return undefined;
  if (version <= here.version) return problemOf('stale-version', { resource });
  return predecessor === null || predecessor === here.digest
    ? undefined
    : problemOf('broken-chain', { resource });
};

const once = <Value>(
  cache: Map<string, Promise<Value>>,
  jws: string,
  open: (jws: string) => Promise<Value>,
): Promise<Value> => {
  const known = cache.get(jws);
  if (known !== undefined) return known;
  const opening = open(jws);
  cache.set(jws, opening);
  return opening;
};
