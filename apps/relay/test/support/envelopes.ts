import {
  entryOf,
  freshCommTrack,
  limits,
  subTypes,
  type Digest,
  type ICdPushEnvelop,
  type PatchContent,
  type PatchHead,
  type Statement,
  type Target,
} from '@cd-push/protocol';
import { digestOf, encodeDelta, signStatement } from '@cd-push/timeline';

import type { SigningLogin } from './memory-authority.ts';
import { tenant } from './memory-authority.ts';

export interface File {
  readonly resource: string;
  readonly text?: string;
  readonly version?: number;
  readonly predecessor?: string | null;
  readonly content?: PatchContent;
  readonly head?: Partial<PatchHead>;
}

/** A text as a delta upon another one. */
export const deltaOf = async (
  base: string,
  text: string,
): Promise<Extract<PatchContent, { encoding: 'delta' }>> => ({
  encoding: 'delta',
  base: await digestOf(base),
  delta: await deltaText(base, text),
});

/** What makes a text of another one, as it travels. */
const deltaText = async (base: string, text: string): Promise<string> => {
  const delta = await encodeDelta(base, text, { atMost: Number.POSITIVE_INFINITY });
  return Buffer.from(delta ?? []).toString('base64');
};

export interface PushOptions {
  readonly targets?: readonly Target[];
  readonly trigger?: string;
  readonly emits?: string;
  readonly environment?: string;
  readonly pushGuid?: string;
  readonly issuedAt?: number;
  readonly deliverBy?: number;
  /** Changes what is signed, before it is signed. */
  readonly statement?: Partial<Statement>;
  /** Changes what stands beside the statement. */
  readonly pushData?: Partial<ICdPushEnvelop['pushData']>;
  readonly req?: ICdPushEnvelop['req'];
  readonly resp?: ICdPushEnvelop['resp'];
}

/** A signed push as its relay is sent it. */
export interface SignedPush {
  readonly envelope: ICdPushEnvelop;
  readonly pushGuid: string;
  /** Digest of the statement; acknowledgements name it. */
  readonly statement: Digest;
  readonly heads: readonly PatchHead[];
}

let lastVersion = 0;
/** A version above all that were given before. */
const nextVersion = (): number => {
  lastVersion = Math.max(lastVersion + 1, Date.now());
  return lastVersion;
};

export const shop: Target = { select: { module: 'shop' } };

export const patchPush = async (
  login: SigningLogin,
  files: readonly File[],
  options: PushOptions = {},
): Promise<SignedPush> => {
  const heads: PatchHead[] = [];
  const contents: PatchContent[] = [];
  for (const { resource, text = '', version, predecessor, content, head } of files) {
    heads.push({
      resource,
      componentType: 'module',
      change: 'put',
      version: version ?? nextVersion(),
      predecessor: predecessor ?? null,
      digest: await digestOf(text),
      bytes: Buffer.byteLength(text),
      ...head,
    } as PatchHead);
    contents.push(content ?? { encoding: 'text', text });
  }
  return signed(login, { kind: 'patch', patches: heads }, { contents }, options, heads);
};

export const noticePush = async (
  login: SigningLogin,
  message: string,
  options: PushOptions = {},
): Promise<SignedPush> =>
  signed(
    login,
    { kind: 'notice', message: await digestOf(message) },
    { m: message },
    { trigger: 'notify', emits: 'show-notice', ...options },
    [],
  );

export const operationPush = async (
  login: SigningLogin,
  operation: string,
  args: unknown,
  options: PushOptions = {},
): Promise<SignedPush> => {
  const m = JSON.stringify(args);
  return signed(
    login,
    { kind: 'operation', operation, message: await digestOf(m) },
    { m },
    { trigger: 'run-operation', emits: 'execute-operation', ...options },
    [],
  );
};

type Special =
  | { readonly kind: 'patch'; readonly patches: PatchHead[] }
  | { readonly kind: 'notice'; readonly message: string }
  | { readonly kind: 'operation'; readonly operation: string; readonly message: string };

const signed = async (
  login: SigningLogin,
  special: Special,
  members: Partial<ICdPushEnvelop['pushData']>,
  options: PushOptions,
  heads: readonly PatchHead[],
): Promise<SignedPush> => {
  const targets = [...(options.targets ?? [shop])];
  const trigger = options.trigger ?? 'dev-sync-init';
  const pushGuid = options.pushGuid ?? crypto.randomUUID();
  const issuedAt = options.issuedAt ?? Date.now();
  const statement = {
    v: 1,
    tenant,
    environment: options.environment ?? 'development',
    targets,
    pushGuid,
    trigger,
    signer: login.session.subject,
    certificate: await digestOf(login.certificate),
    issuedAt,
    deliverBy: options.deliverBy ?? issuedAt + limits.deliverWithinMs,
    silent: false,
    ...special,
    ...options.statement,
  } as Statement;
  const jws = await signStatement(statement, login.key);
  return {
    pushGuid,
    statement: await digestOf(jws),
    heads,
    envelope: {
      pushData: {
        pushGuid,
        m: '',
        token: login.token,
        pushRecepients: [
          {
            userId: login.session.user.id,
            subTypeId: subTypes.sender,
            cdObjId: {
              resourceGuid: login.session.user.guid,
              jwtToken: login.token,
              socket: { secret: login.token },
              socketId: 'a-socket',
            },
          },
          ...targets.map(entryOf),
        ],
        triggerEvent: trigger,
        emittEvent: options.emits ?? 'apply-runtime-patch',
        commTrack: freshCommTrack(issuedAt),
        statement: jws,
        certificate: login.certificate,
        ...members,
        ...options.pushData,
      },
      req: options.req ?? null,
      resp: options.resp ?? null,
    },
  };
};
