import { createHash, randomUUID } from 'node:crypto';

import type {
  Certificate,
  ComponentType,
  Delegation,
  ICdPushEnvelop,
  PatchContent,
  PatchHead,
  PublicKey,
  RelayCertificate,
  SignedApproval,
  SignedAuditHead,
  Statement,
  Target,
} from '@cd-push/protocol';
import { builtInTriggers, entryOf, freshCommTrack } from '@cd-push/protocol';
import {
  claimSession,
  createIdentity,
  cryptoPlatform,
  digestOf,
  newSeed,
  openSession,
  signAcceptance,
  signApproval,
  signAuditHead,
  signCertificate,
  signRelayCertificate,
  signStatement,
  type OwnSession,
  type SigningKey,
  type TrustRoot,
} from '@cd-push/timeline';

/** One file of a push, as a test says it. */
export interface FileChange {
  readonly resource: string;
  readonly type: ComponentType;
  readonly version: number;
  readonly predecessor?: string | null;
  /** Text, bytes, or null for a deletion. */
  readonly content: string | Uint8Array | null;
  readonly map?: string;
  readonly from?: string;
  /** The version that this brings back; 0 for what was served. */
  readonly restores?: number;
  /** What is signed as the size; that of the content by default. */
  readonly bytes?: number;
}

export interface PushOptions {
  readonly pushGuid?: string;
  readonly attempt?: number;
  readonly silent?: boolean;
  readonly skipped?: ICdPushEnvelop['pushData']['skipped'];
  /** Changes what is signed. */
  readonly statement?: Partial<Statement>;
  /** Changes what travels, after it was signed. */
  readonly tamper?: (envelope: ICdPushEnvelop) => void;
  readonly certificate?: Partial<Certificate>;
  readonly certificateKey?: SigningKey;
  readonly relayCertificate?: Partial<RelayCertificate>;
  readonly acceptedAt?: number;
}

const newKey = async (): Promise<SigningKey> =>
  cryptoPlatform.importPrivateKey(await cryptoPlatform.generatePrivateKey());
const day = 86_400_000;

export const sha256 = (content: string | Uint8Array): string =>
  `sha256-${createHash('sha256').update(content).digest('base64url')}`;

/** Everyone whose signature a push needs: an issuer, a developer's session and a relay. */
export class Signer {
  readonly trust: TrustRoot;
  readonly session: string;
  readonly identity: string;
  readonly #issuer: SigningKey;
  readonly #key: SigningKey;
  readonly #relay: SigningKey;
  readonly #delegation: Delegation;
  readonly #user: string;

  private constructor(
    issuer: SigningKey,
    own: OwnSession,
    delegation: Delegation,
    relay: SigningKey,
    user: string,
  ) {
    this.#user = user;
    this.#issuer = issuer;
    this.#key = own.key;
    this.#relay = relay;
    this.#delegation = delegation;
    this.session = own.address;
    this.identity = own.genesis.identity;
    this.trust = { issuer: 'https://api.test', tenant: 'acme', keys: [issuer.publicKey] };
  }

  static async create(): Promise<Signer> {
    return Signer.#of(await newKey(), await newKey(), 'user-1');
  }

  static async #of(issuer: SigningKey, relay: SigningKey, user: string): Promise<Signer> {
    const { kept: made } = await createIdentity();
    const key = await newKey();
    const own = await openSession({ identity: made.identity, key, seed: newSeed(), nonce: randomUUID() });
    const { kept, claim } = await claimSession(made, {
      target: own.address,
      key: key.publicKey,
      scope: {
        verbs: ['connect', 'sync', 'push', 'rollback'],
        grants: [{ prefix: '/', environments: ['*'] }],
        expiresAt: Date.now() + 365 * day,
      },
    });
    const delegation = { establishments: [...kept.establishments], claim };
    return new Signer(issuer, own, delegation, relay, user);
  }

  /** Somebody else at the same issuer and relay; by the same name, another identity of the same person. */
  colleague(user: string): Promise<Signer> {
    return Signer.#of(this.#issuer, this.#relay, user);
  }

  get publicKey(): PublicKey {
    return this.#key.publicKey;
  }

  patch(changes: readonly FileChange[], options: PushOptions = {}): Promise<ICdPushEnvelop> {
    const patches = changes.map(headOf);
    return this.#envelope(
      { kind: 'patch', patches },
      { contents: changes.map(contentOf) },
      'file-save',
      options,
    );
  }

  async notice(text: string, options: PushOptions = {}): Promise<ICdPushEnvelop> {
    return this.#envelope({ kind: 'notice', message: await digestOf(text) }, { m: text }, 'notify', options);
  }

  async operation(operation: string, args: unknown, options: PushOptions = {}): Promise<ICdPushEnvelop> {
    const m = JSON.stringify(args);
    return this.#envelope(
      { kind: 'operation', operation, message: await digestOf(m) },
      { m },
      'run-operation',
      options,
    );
  }

  /** Says yes to what somebody has signed. */
  async approval(
    { pushData: { pushGuid, statement = '' } }: ICdPushEnvelop,
    { issuedAt = Date.now(), ...options }: PushOptions & { readonly issuedAt?: number } = {},
  ): Promise<SignedApproval> {
    const certificate = await this.#certificate(options);
    const approval = await signApproval(
      {
        v: 1,
        tenant: this.trust.tenant,
        pushGuid,
        statement: await digestOf(statement),
        approver: this.#user,
        certificate: await digestOf(certificate),
        issuedAt,
      },
      this.#key,
    );
    return { approval, certificate };
  }

  /** Where a relay's audit stands, as it tells it. */
  async auditHead(
    node: string,
    sequence: number,
    { at = Date.now(), key = this.#relay, tenant = this.trust.tenant } = {},
  ): Promise<SignedAuditHead> {
    const head = { v: 1 as const, tenant, node, sequence, hash: sha256(`${node} ${sequence}`), at };
    return signAuditHead(head, key, await this.#relayCertificate());
  }

  /** What a relay adds for a receiver that missed this push. */
  skippedOf({ pushData: { statement = '', certificate = '' } }: ICdPushEnvelop): {
    statement: string;
    certificate: string;
  } {
    return { statement, certificate };
  }

  #relayCertificate(over: Partial<RelayCertificate> = {}): Promise<string> {
    const now = Date.now();
    return signRelayCertificate(
      {
        v: 1,
        iss: this.trust.issuer,
        aud: 'cd-push:acceptance',
        sub: 'relay-1',
        tenant: '*',
        cnf: { jwk: this.#relay.publicKey },
        notBefore: now - day,
        notAfter: now + day,
        ...over,
      },
      this.#issuer,
    );
  }

  #certificate(options: PushOptions): Promise<string> {
    const now = Date.now();
    return signCertificate(
      {
        v: 1,
        iss: this.trust.issuer,
        aud: 'cd-push:code',
        sub: this.#user,
        tenant: this.trust.tenant,
        session: this.session,
        identity: this.identity,
        delegation: this.#delegation,
        verbs: ['push', 'rollback'],
        cnf: { jwk: this.#key.publicKey },
        grants: [{ prefix: '/app', environments: ['development'] }],
        notBefore: now - day,
        notAfter: now + day,
        ...options.certificate,
      },
      options.certificateKey ?? this.#issuer,
    );
  }

  async #envelope(
    own:
      | { kind: 'patch'; patches: PatchHead[] }
      | { kind: 'notice'; message: string }
      | { kind: 'operation'; operation: string; message: string },
    data: Partial<ICdPushEnvelop['pushData']>,
    trigger: string,
    options: PushOptions,
  ): Promise<ICdPushEnvelop> {
    const now = Date.now();
    const certificate = await this.#certificate(options);
    const targets: Target[] = [{ select: { module: 'app', environment: 'development' } }];
    const common = {
      v: 1 as const,
      tenant: this.trust.tenant,
      environment: 'development',
      targets,
      pushGuid: options.pushGuid ?? randomUUID(),
      trigger,
      signer: this.#user,
      certificate: await digestOf(certificate),
      issuedAt: now,
      deliverBy: now + day,
      silent: options.silent ?? false,
    };
    // The parts above make one member of the union; what a test changes of it is the test's business.
    const statement = { ...common, ...own, ...options.statement } as Statement;
    const signed = await signStatement(statement, this.#key);
    const relayCertificate = await this.#relayCertificate(options.relayCertificate);
    const acceptance = await signAcceptance(
      {
        v: 1,
        pushGuid: statement.pushGuid,
        statement: await digestOf(signed),
        acceptedAt: options.acceptedAt ?? now,
        relay: await digestOf(relayCertificate),
      },
      this.#relay,
    );
    const envelope: ICdPushEnvelop = {
      pushData: {
        pushGuid: statement.pushGuid,
        statement: signed,
        certificate,
        acceptance,
        relayCertificate,
        attempt: options.attempt ?? 1,
        pushRecepients: [{ userId: 1, subTypeId: 1 }, ...statement.targets.map(entryOf)],
        triggerEvent: statement.trigger,
        emittEvent: builtInTriggers.find((known) => known.trigger === trigger)?.emits ?? '',
        isSilentSync: statement.silent,
        commTrack: freshCommTrack(now),
        ...(options.skipped === undefined ? {} : { skipped: options.skipped }),
        ...data,
      },
      req: null,
      resp: null,
    };
    options.tamper?.(envelope);
    return envelope;
  }
}

const headOf = ({
  resource,
  type: componentType,
  version,
  predecessor = null,
  content,
  map,
  from,
  restores,
  bytes,
}: FileChange): PatchHead => {
  const common = {
    resource,
    componentType,
    version,
    predecessor,
    ...(restores === undefined ? {} : { restores }),
  };
  if (content === null) return { ...common, change: 'delete', digest: null, bytes: 0 };
  const put = {
    ...common,
    digest: sha256(content),
    bytes: bytes ?? Buffer.byteLength(content),
    ...(map === undefined ? {} : { mapDigest: sha256(map) }),
  };
  return from === undefined ? { ...put, change: 'put' } : { ...put, change: 'rename', from };
};

const contentOf = ({ content, map }: FileChange): PatchContent => {
  if (content === null) return { encoding: 'none' };
  if (typeof content !== 'string')
    return { encoding: 'base64', base64: Buffer.from(content).toString('base64') };
  return { encoding: 'text', text: content, ...(map === undefined ? {} : { map }) };
};
