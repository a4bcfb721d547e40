import {
  branded,
  epochMs,
  ProblemError,
  problemOf,
  type Certificate,
  type Grant,
  type PublicKey,
  type ResourceGuid,
  type Scope,
  type Trigger,
} from '@cd-push/protocol';
import { builtInTriggers } from '@cd-push/protocol';
import {
  claimSession,
  createIdentity,
  cryptoPlatform,
  intersectGrants,
  newSeed,
  openSession,
  signCertificate,
  signRelayCertificate,
  type KeptIdentity,
  type OwnSession,
  type SigningKey,
} from '@cd-push/timeline';

import type { Authority, Certified, Change, ChangeListener, Rights } from '../../src/authority/authority.ts';
import type {
  Role,
  RuntimeRecord,
  RuntimeSession,
  Session,
  UserSession,
} from '../../src/authority/session.ts';

const issuer = 'https://issuer.test';
export const tenant = 'acme';

/** A session with what its holder needs to use it. */
export interface Login<Kind extends Session> {
  readonly token: string;
  readonly session: Kind;
}

export interface SigningLogin extends Login<UserSession> {
  readonly key: SigningKey;
  readonly certificate: string;
  /** The identity behind the session. */
  readonly kept: KeptIdentity;
}

/** By token: the session that a client connects by. */
const owned = new Map<string, OwnSession>();

/** Has clients that show this token answer challenges by the session. */
export const connectAs = (token: string, own: OwnSession): void => void owned.set(token, own);

/** The session that a token stands for, with its secrets. */
export const ownSession = (token: unknown): OwnSession | undefined =>
  typeof token === 'string' ? owned.get(token) : undefined;

export const makeKey = async (): Promise<SigningKey> =>
  cryptoPlatform.importPrivateKey(await cryptoPlatform.generatePrivateKey());

/** An api in memory: the same port, the real signatures. */
export class MemoryAuthority implements Authority {
  readonly issuerKey: SigningKey;
  readonly sessions = new Map<string, Session>();
  readonly known: RuntimeRecord[] = [];
  readonly registered: Trigger[] = [...builtInTriggers];
  readonly voided: string[] = [];
  /** By user: what they may do now. */
  readonly granted = new Map<number, Rights>();
  isDown = false;
  introspections = 0;
  readonly #listeners = new Set<ChangeListener>();
  #users = 100;

  private constructor(issuerKey: SigningKey) {
    this.issuerKey = issuerKey;
  }

  static async create(): Promise<MemoryAuthority> {
    return new MemoryAuthority(await makeKey());
  }

  /** A developer with a key, unless the options say otherwise. */
  async developer(
    options: {
      readonly roles?: readonly Role[];
      readonly grants?: readonly Grant[];
      readonly tenant?: string;
      readonly livesMs?: number;
      readonly certificate?: Partial<Certificate>;
      readonly signedBy?: SigningKey;
      readonly scope?: Partial<Scope>;
      /** Of another session. */
      readonly kept?: KeptIdentity;
      readonly user?: UserSession;
    } = {},
  ): Promise<SigningLogin> {
    if (options.user === undefined) this.#users += 1;
    const id = options.user?.user.id ?? this.#users;
    const granted = options.grants ??
      options.user?.grants ?? [{ prefix: '/shop', environments: ['development'] }];
    this.granted.set(id, { roles: options.roles ?? ['developer'], grants: granted });
    const before = options.kept ?? (await createIdentity()).kept;
    const key = await makeKey();
    const own = await openSession({
      identity: before.identity,
      key,
      seed: newSeed(),
      nonce: crypto.randomUUID(),
    });
    const scope: Scope = {
      verbs: ['connect', 'sync', 'push', 'rollback', 'manage'],
      grants: [{ prefix: '/', environments: ['*'] }],
      expiresAt: Date.now() + 3_600_000,
      ...options.scope,
    };
    const grants = intersectGrants(granted, scope.grants);
    const { kept, claim } = await claimSession(before, { target: own.address, key: key.publicKey, scope });
    const session: UserSession = {
      kind: 'user',
      id: own.address,
      subject: `user-${id}`,
      tenant: options.tenant ?? tenant,
      roles: options.roles ?? ['developer'],
      expiresAt: epochMs(Date.now() + (options.livesMs ?? 900_000)),
      user: options.user?.user ?? { id, guid: crypto.randomUUID(), name: `dev${id}` },
      grants,
      acting: { identity: kept.identity, session: own.address, key: key.publicKey, scope },
    };
    const certificate = await signCertificate(
      {
        v: 1,
        iss: issuer,
        aud: 'cd-push:code',
        sub: session.subject,
        tenant: session.tenant,
        session: session.id,
        identity: kept.identity,
        delegation: { establishments: [...kept.establishments], claim },
        cnf: { jwk: key.publicKey },
        verbs: [...scope.verbs],
        grants: [...grants],
        notBefore: Date.now() - 1000,
        notAfter: Date.now() + 900_000,
        ...options.certificate,
      },
      options.signedBy ?? this.issuerKey,
    );
    const token = this.#issueToken(session);
    connectAs(token, own);
    return { token, session, key, certificate, kept };
  }

  /** @param options.key with which it has enrolled; one that nothing is signed by may have none. */
  runtime(
    options: Partial<RuntimeRecord> & { readonly livesMs?: number; readonly key?: PublicKey } = {},
  ): Login<RuntimeSession> {
    const { livesMs, key, ...members } = options;
    const runtime: RuntimeRecord = {
      guid: branded<ResourceGuid>(crypto.randomUUID()),
      name: 'till',
      user: null,
      module: 'shop',
      environment: 'development',
      labels: {},
      groups: [],
      approvals: 0,
      hasConnected: true,
      ...members,
    };
    this.known.push(runtime);
    const session: RuntimeSession = {
      kind: 'runtime',
      id: runtime.guid,
      subject: runtime.guid,
      tenant,
      roles: ['runtime'],
      expiresAt: epochMs(Date.now() + (livesMs ?? 900_000)),
      runtime,
      key,
    };
    this.change({ kind: 'runtimes-changed', guid: runtime.guid });
    return { token: this.#issueToken(session), session };
  }

  /** A session of an existing client: without an identity, which nothing is signed by. */
  async existing(options: { readonly roles?: readonly Role[] } = {}): Promise<Login<UserSession>> {
    const { session } = await this.developer(options);
    const own: UserSession = { ...session, id: crypto.randomUUID(), acting: undefined };
    return { token: this.#issueToken(own), session: own };
  }

  /** Another token of the same session. */
  renew(session: Session, livesMs = 900_000): string {
    return this.#issueToken({ ...session, expiresAt: epochMs(Date.now() + livesMs) });
  }

  change(change: Change): void {
    for (const listener of this.#listeners) listener.changed(change);
  }

  resume(): void {
    for (const listener of this.#listeners) listener.resumed();
  }

  reset(): void {
    for (const listener of this.#listeners) listener.reset();
  }

  revoke(session: Session, voidsSignatures = true): void {
    for (const [token, held] of this.sessions) if (held.id === session.id) this.sessions.delete(token);
    this.change({ kind: 'session-revoked', session: session.id, voidsSignatures });
  }

  async certify(publicKey: PublicKey): Promise<Certified> {
    this.#mustBeUp();
    const certificate = await signRelayCertificate(
      {
        v: 1,
        iss: issuer,
        aud: 'cd-push:acceptance',
        sub: 'relay',
        tenant: '*',
        cnf: { jwk: publicKey },
        notBefore: Date.now() - 1000,
        notAfter: Date.now() + 3_600_000,
      },
      this.issuerKey,
    );
    return { certificate, root: { issuer, tenant, keys: [this.issuerKey.publicKey] } };
  }

  async introspect(token: string): Promise<Session | undefined> {
    this.introspections += 1;
    this.#mustBeUp();
    const session = this.sessions.get(token);
    return session === undefined || session.expiresAt <= Date.now() ? undefined : session;
  }

  /** What was asked of runtimes, in order. */
  readonly asked: (readonly ResourceGuid[] | 'all')[] = [];
  runtimes(guids?: readonly ResourceGuid[]): Promise<RuntimeRecord[]> {
    this.asked.push(guids ?? 'all');
    return Promise.resolve(this.known.filter(({ guid }) => guids?.includes(guid) ?? true));
  }

  rights(user: number): Promise<Rights | undefined> {
    if (this.isDown) return Promise.reject(new ProblemError(problemOf('unavailable', { retryAfter: 1 })));
    return Promise.resolve(this.granted.get(user));
  }

  /** Users who signed in at any time, and those whom a test adds. */
  readonly users: string[] = [];
  accounts(): Promise<string[]> {
    return Promise.resolve([...this.users]);
  }

  triggers(): Promise<Trigger[]> {
    return Promise.resolve([...this.registered]);
  }

  voidedSessions(): Promise<string[]> {
    return Promise.resolve([...this.voided]);
  }

  follow(listener: ChangeListener, signal: AbortSignal): Promise<void> {
    this.#listeners.add(listener);
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true });
    return Promise.resolve();
  }

  #mustBeUp(): void {
    if (this.isDown) throw new ProblemError(problemOf('unavailable'));
  }

  #issueToken(session: Session): string {
    const token = `eyJhbGciOiJFZERTQSJ9.${Buffer.from(crypto.randomUUID()).toString('base64url')}.c2VjcmV0`;
    this.sessions.set(token, session);
    return token;
  }
}
