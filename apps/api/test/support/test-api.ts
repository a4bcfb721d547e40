import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

import type { Challenge, Grant, PublicKey, Scope } from '@cd-push/protocol';
import {
  claimSession,
  createIdentity,
  cryptoPlatform,
  newSeed,
  openSession,
  registeredUpTo,
  signProof,
  type KeptIdentity,
  type SigningKey,
} from '@cd-push/timeline';

import { startApi, type ApiOptions } from '../../src/index.ts';

/** The user that every test api starts with. */
export const admin = { userName: 'ada', password: 'correct horse battery' };
export const service = { id: 'relay', secret: 'a service secret of forty characters ok.' };
export const issuer = 'http://issuer.test';
export const everything: readonly Grant[] = [{ prefix: '/', environments: ['*'] }];

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // Tests read answers as a client without types would.
  readonly body: any;
}

interface CallOptions {
  readonly body?: unknown;
  readonly token?: string;
  readonly service?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

export type TestApi = Awaited<ReturnType<typeof startTestApi>>;

/** Starts a real api on a free port with a file of its own, and closes it when the test ends. */
export const startTestApi = async (options: Partial<ApiOptions> = {}) => {
  const folder = options.dataFile === undefined ? newFolder() : '';
  const dataFile = options.dataFile ?? join(folder, 'api.db');
  const lines: string[] = [];
  let offset = 0;
  const api = await startApi({
    issuer,
    ...(options.store === undefined && options.database === undefined ? { dataFile } : {}),
    serviceCredential: service,
    seed: { ...admin, roles: ['developer', 'admin'], grants: everything },
    rateLimits: { loginsPerName: 1000, loginsPerAddress: 1000, requestsPerAddress: 10_000 },
    logStream: { write: (line) => void lines.push(line) },
    clock: () => Date.now() + offset,
    ...options,
  });
  let open = true;
  const close = async (): Promise<void> => {
    if (open) await api.close();
    open = false;
  };
  onTestFinished(close);

  const call = async (method: string, path: string, given: CallOptions = {}): Promise<Answer> => {
    const response = await fetch(`${api.url}${path}`, {
      method,
      headers: {
        ...(given.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(given.token === undefined ? {} : { authorization: `Bearer ${given.token}` }),
        ...(given.service === true ? { authorization: basicOf(service) } : {}),
        ...given.headers,
      },
      ...(given.body === undefined
        ? {}
        : { body: typeof given.body === 'string' ? given.body : JSON.stringify(given.body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? undefined : JSON.parse(text),
    };
  };

  /** A fresh nonce, signed for a subject. */
  const prove = async (key: SigningKey, subject: string): Promise<{ nonce: string; proof: string }> => {
    const { nonce } = (await call('POST', '/auth/challenge')).body;
    return { nonce, proof: await signProof({ nonce, issuer: api.issuer, subject }, key) };
  };

  /** Binds an identity, a new one unless told, to a user. */
  const bind = async (
    { userName, password }: { userName: string; password: string } = admin,
    kept?: KeptIdentity,
  ) => {
    const own = kept ?? (await createIdentity()).kept;
    const { identity, pending } = own;
    const body = {
      userName,
      password,
      identity,
      ...(pending.length === 0 ? {} : { events: pending }),
      ...(await prove(await cryptoPlatform.importPrivateKey(own.key), identity)),
    };
    return { answer: await call('POST', '/identities', { body }), kept: registeredUpTo(own, own.n) };
  };

  /** The log of an identity, for its own key unless told. */
  const log = async ({ identity, key: own }: KeptIdentity, from = 0, key = own): Promise<Answer> => {
    const signing = await cryptoPlatform.importPrivateKey(key);
    const proof = await prove(signing, identity);
    const body = { from, key: signing.publicKey, ...proof };
    return call('POST', `/identities/${identity}/log`, { body });
  };

  /** What opens a session of an identity, for a test to change. */
  const sessionRequest = async (before: KeptIdentity, wanted: Partial<Scope> = {}) => {
    const { nonce, expiresAt: soon } = (await call('POST', '/auth/challenge')).body as Challenge;
    const key = await newKey();
    const { identity, tip: from } = before;
    const own = await openSession({ identity, key, seed: newSeed(), nonce });
    const scope: Scope = {
      verbs: ['connect', 'sync', 'push', 'rollback', 'manage', 'revoke'],
      grants: [...everything],
      expiresAt: soon + 12 * 60 * 60 * 1000,
      ...wanted,
    };
    const claimed = await claimSession(before, { target: own.address, key: key.publicKey, scope });
    const proof = await signProof({ nonce, issuer: api.issuer, subject: own.address }, key);
    const body = { identity, from, events: claimed.kept.pending, genesis: own.genesis, nonce, proof };
    return { body, key, own, kept: registeredUpTo(claimed.kept, claimed.kept.n) };
  };

  /** Another session of an identity. */
  const openFor = async (before: KeptIdentity, wanted: Partial<Scope> = {}) => {
    const { body, key, kept, own } = await sessionRequest(before, wanted);
    const answer = await call('POST', '/auth/sessions', { body });
    return { answer, key, own, kept, ...sessionIn(answer) };
  };

  /** Binds a new identity by password and opens a session; the answer is that of what failed. */
  const login = async (credentials: { userName: string; password: string } = admin) => {
    const { answer, kept } = await bind(credentials);
    if (answer.status === 200) return openFor(kept);
    return { answer, key: await newKey(), own: undefined, kept, ...sessionIn(answer) };
  };

  /** The next token of a session, by its key. */
  const renew = async ({ sid, key }: { sid: string; key: SigningKey }) => {
    const body = { session: sid, ...(await prove(key, sid)) };
    const answer = await call('POST', '/auth/sessions/token', { body });
    return { answer, ...sessionIn(answer) };
  };

  return {
    ...api,
    dataFile,
    lines,
    close,
    call,
    prove,
    bind,
    log,
    sessionRequest,
    open: openFor,
    login,
    renew,
    /** Moves the api's clock. */
    advance: (milliseconds: number) => void (offset += milliseconds),

    introspect: async (token: string) => {
      const response = await fetch(`${api.url}/auth/introspect`, {
        method: 'POST',
        headers: { authorization: basicOf(service) },
        body: new URLSearchParams({ token }),
      });
      return { status: response.status, headers: response.headers, body: await response.json() } as Answer;
    },

    /** Makes a user and signs in as them. */
    join: async (userName: string, roles: readonly string[], grants: readonly Grant[] = []) => {
      const password = `the password of ${userName}`;
      const { token } = await login();
      const made = await call('POST', '/users', { token, body: { userName, password, roles, grants } });
      return { id: made.body.id as number, userName, password, ...(await login({ userName, password })) };
    },

    /** Lets a new runtime enrol, as the admin. */
    enrol: async (code: Record<string, unknown> = {}, key?: SigningKey) => {
      const { token } = await login();
      const body = { module: 'shop', environment: 'development', ...code };
      const { code: joinCode } = (await call('POST', '/join-codes', { token, body })).body;
      const own = key ?? (await newKey());
      const proof = await prove(own, joinCode);
      const answer = await call('POST', '/auth/enrol', {
        body: { joinCode, publicKey: own.publicKey, ...proof },
      });
      return {
        key: own,
        joinCode: joinCode as string,
        answer,
        ...(answer.body as { resourceGuid: string; token: string }),
      };
    },
  };
};

export const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'cd-push-api-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

export const newKey = async (): Promise<SigningKey> =>
  cryptoPlatform.importPrivateKey(await cryptoPlatform.generatePrivateKey());

export const basicOf = ({ id, secret }: { id: string; secret: string }): string =>
  `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;

/** What a client keeps of the answer to whoever opens a session. */
export const sessionIn = ({ body }: Answer) => ({
  token: body.app_state?.sess?.jwt?.jwtToken as string,
  sid: body.app_state?.sess?.initUuid as string,
  certificate: body.data?.certificate as string | null,
  keys: body.data?.keys as PublicKey[],
});
