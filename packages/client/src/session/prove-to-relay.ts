import {
  isRelayChallenge,
  ProblemError,
  problemOf,
  type ConnectChallenge,
  type Delegation,
  type EpochMs,
  type Problem,
  type Scope,
  type SessionStep,
} from '@cd-push/protocol';
import {
  answerChallenge as reveal,
  openJws,
  openRelayCertificate,
  OpeningVerifier,
  SessionSigner,
  thumbprintOf,
  type OwnSession,
  type SessionAuthority,
  type Signing,
  type TrustRoot,
} from '@cd-push/timeline';

/** A session that has answered a relay's challenge. */
export interface ProvenSession {
  readonly own: OwnSession;
  /** By which it has. */
  readonly step: SessionStep;
  readonly relay: SessionAuthority;
}

/**
 * Answers what a relay demands of a session.
 *
 * @param root whose relays are believed.
 * @throws ProblemError `bad-certificate`, `challenge-failed`: whoever challenges is no relay of the issuer's.
 */
export const proveToRelay = async (
  own: OwnSession,
  { challenge, relayCertificate }: ConnectChallenge,
  root: Pick<TrustRoot, 'issuer' | 'tenant' | 'keys'>,
  now: EpochMs,
): Promise<ProvenSession> => {
  const relay = await openRelayCertificate(relayCertificate, root);
  if (!relay.ok) throw refused(relay.problem);
  const { cnf, notBefore, notAfter } = relay.value;
  if (now < notBefore || now > notAfter) throw refused(problemOf('bad-certificate', outOfTime));
  const demand = await openJws('cd-push-challenge+jws', challenge, [cnf.jwk]);
  if (!isRelayChallenge(demand) || demand.session !== own.address)
    throw refused(problemOf('challenge-failed', notTheRelays));
  const principal = await thumbprintOf(cnf.jwk);
  const turn = await reveal(own, 'connect', demand.challenge, principal);
  if (!turn.ok) throw refused(turn.problem);
  const { session, step } = turn.value;
  const scope: Scope = { verbs: ['sync'], grants: [], expiresAt: notAfter };
  return { own: session, step, relay: { principal, session: undefined, key: cnf.jwk, scope } };
};

/**
 * What signs turns of synchronisations by a session that was proven, and judges the relay's.
 *
 * @param delegation how a person's identity stands behind it.
 */
export const signingBy = (
  { own, step, relay }: ProvenSession,
  now: () => EpochMs,
  delegation?: Delegation,
): Signing => ({
  signer: new SessionSigner(own),
  verifier: new OpeningVerifier({ authority: relay, nonce: own.tip }, now),
  origin: { ...(delegation === undefined ? {} : { delegation }), frames: [own.genesis, step] },
});

const outOfTime = { detail: 'The relay’s certificate is out of its time.' };
const notTheRelays = { detail: 'The challenge is not one of a certified relay for this session.' };

const refused = (problem: Problem): ProblemError => new ProblemError(problem);
