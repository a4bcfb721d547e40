import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

import type { Grant, PublicKey } from '@cd-push/protocol';
import { cryptoPlatform, signProof, type SigningKey } from '@cd-push/timeline';

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
    ...(options.store === undefined ? { dataFile } : {}),
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

  const login = async (
    { userName, password }: { userName: string; password: string } = admin,
    key?: SigningKey,
  ) => {
    const bound = key === undefined ? {} : { publicKey: key.publicKey, ...(await prove(key, userName)) };
    const answer = await call('POST', '/auth/login', { body: { userName, password, ...bound } });
    return { answer, ...sessionIn(answer) };
  };

  return {
    ...api,
    dataFile,
    lines,
    close,
    call,
    prove,
    login,
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

/** What a client keeps of the answer to login or refresh. */
export const sessionIn = ({ body }: Answer) => ({
  token: body.app_state?.sess?.jwt?.jwtToken as string,
  refreshToken: body.data?.refreshToken as string,
  sid: body.app_state?.sess?.initUuid as string,
  certificate: body.data?.certificate as string | null,
  keys: body.data?.keys as PublicKey[],
});
