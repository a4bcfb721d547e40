import { epochMs, ok, type Certificate, type EpochMs, type Problem, type Result } from '@cd-push/protocol';
import {
  cryptoPlatform,
  digestOf,
  openCertificate,
  openDelegation,
  openRelayCertificate,
  type FollowedIdentity,
  type SigningKey,
  type TrustRoot,
} from '@cd-push/timeline';

import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { factsOf } from '../log.ts';
import type { Authority } from './authority.ts';

/** What the relay signs acceptances with. */
export interface Seal {
  readonly key: SigningKey;
  readonly certificate: string;
  /** Digest of the certificate; acceptances name it. */
  readonly digest: string;
  readonly root: TrustRoot;
  readonly notAfter: EpochMs;
}

/** Senders use one certificate for many pushes; the signatures behind it are checked once. */
const kept = 1_000;
/** How soon to ask again when the api could not be reached for a new certificate. */
const retryMs = 5_000;

/** This relay's own key, certified by the issuer, and the issuer's keys that it checks others against. */
export class RelayIdentity {
  readonly #authority: Authority;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #opened = new Map<string, Certificate>();
  /** What was seen of identities; keys that come in the place of others that were seen are refused. */
  readonly #followed = new Map<string, FollowedIdentity>();
  #key: SigningKey | undefined;
  #seal: Seal | undefined;
  #cancelRenewal: () => void = () => {};

  constructor(authority: Authority, clock: Clock, log: Log) {
    this.#authority = authority;
    this.#clock = clock;
    this.#log = log;
  }

  /** Undefined until {@link certify} has succeeded, and when the certificate could not be renewed in time. */
  get seal(): Seal | undefined {
    return this.#seal !== undefined && this.#clock.now() < this.#seal.notAfter ? this.#seal : undefined;
  }

  /**
   * Has a key certified that lives as long as this process, and again at half of each certificate's time.
   *
   * @throws ProblemError where the api cannot be reached or its answer does not hold.
   */
  async certify(): Promise<Seal> {
    this.#key ??= await cryptoPlatform.importPrivateKey(await cryptoPlatform.generatePrivateKey());
    const { certificate, root } = await this.#authority.certify(this.#key.publicKey);
    const opened = await openRelayCertificate(certificate, root);
    if (!opened.ok) throw new Error(opened.problem.detail ?? opened.problem.title);
    const notAfter = epochMs(opened.value.notAfter);
    const seal = { key: this.#key, certificate, digest: await digestOf(certificate), root, notAfter };
    this.#seal = seal;
    this.#opened.clear();
    this.#cancelRenewal();
    this.#cancelRenewal = this.#clock.after((notAfter - this.#clock.now()) / 2, () => this.#renew());
    return seal;
  }

  /** A sender's certificate that this relay's issuer signed, for a session that an identity has claimed. */
  async openCertificate(jws: string, seal: Seal): Promise<Result<Certificate, Problem>> {
    const known = this.#opened.get(jws);
    if (known !== undefined) return ok(known);
    const opened = await openCertificate(jws, seal.root);
    if (!opened.ok) return opened;
    const { identity } = opened.value;
    const delegation = await openDelegation(opened.value, this.#followed.get(identity));
    if (!delegation.ok) return delegation;
    this.follow(delegation.value.followed);
    keep(this.#opened, jws, opened.value);
    return opened;
  }

  /** What was seen of an identity. */
  followed(identity: string): FollowedIdentity | undefined {
    return this.#followed.get(identity);
  }

  /** Whoever claims to be this identity from now on has to follow from this. */
  follow(followed: FollowedIdentity): void {
    keep(this.#followed, followed.identity, followed);
  }

  close(): void {
    this.#cancelRenewal();
  }

  #renew(): void {
    this.certify().catch((error: unknown) => {
      this.#log.warn(factsOf(error), 'The relay’s certificate could not be renewed yet.');
      this.#cancelRenewal = this.#clock.after(retryMs, () => this.#renew());
    });
  }
}

const keep = <Value>(map: Map<string, Value>, key: string, value: Value): void => {
  if (map.size >= kept) map.clear();
  map.set(key, value);
};
