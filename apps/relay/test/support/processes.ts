import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

import type { Grant, PublicKey } from '@cd-push/protocol';
import { signProof, type SigningKey } from '@cd-push/timeline';
import { onTestFinished } from 'vitest';

import type { Role } from '../../src/authority/session.ts';

const apiMain = fileURLToPath(new URL('dist/main.js', import.meta.resolve('@cd-push/api/package.json')));
const relayMain = join(import.meta.dirname, '../../src/main.ts');
const secret = 'a service secret of at least 32 characters';

/** A process that serves, with every line that it has logged. */
export interface Served {
  readonly url: string;
  readonly lines: readonly string[];
  stop(): Promise<void>;
}

const serve = async (main: string, env: Record<string, string>, isReady: RegExp): Promise<Served> => {
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: 'pipe',
  });
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  onTestFinished(stop);
  const lines: string[] = [];
  const url = await Promise.race([
    firstUrl(child.stdout, lines, isReady),
    firstUrl(child.stderr, lines, isReady),
    once(child, 'exit').then(() => {
      throw new Error(lines.join('\n'));
    }),
  ]);
  return { url, lines, stop };
};

const firstUrl = (output: Readable, lines: string[], isReady: RegExp): Promise<string> =>
  new Promise((resolve) => {
    createInterface({ input: output }).on('line', (line) => {
      lines.push(line);
      const url = isReady.exec(line)?.[1];
      if (url !== undefined) resolve(url);
    });
  });

export const newDataFile = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'cd-push-relay-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, 'api.db');
};

const apiEnv = (dataFile: string, port: string): Record<string, string> => ({
  CD_PUSH_ISSUER: 'http://127.0.0.1',
  CD_PUSH_DATA: dataFile,
  CD_PUSH_SERVICE_SECRET: secret,
  CD_PUSH_LEGACY_LOGIN: 'on',
  PORT: port,
});

export const adminPassword = 'a long enough password';

export const addAdmin = async (dataFile: string): Promise<void> => {
  const child: ChildProcess = spawn(process.execPath, [apiMain, 'add-admin', 'root'], {
    env: { PATH: process.env.PATH ?? '', ...apiEnv(dataFile, '0') },
  });
  child.stdin?.end(`${adminPassword}\n`);
  await once(child, 'exit');
};

export const serveApi = (dataFile: string, port = '0'): Promise<Served> =>
  serve(apiMain, apiEnv(dataFile, port), /Server listening at (http:\/\/[^"]+)/);

export const serveRelay = (apiUrl: string): Promise<Served> =>
  serve(
    relayMain,
    {
      CD_PUSH_API_URL: apiUrl,
      CD_PUSH_SERVICE_SECRET: secret,
      CD_PUSH_LEGACY: 'on',
      PORT: '0',
      LOG_LEVEL: 'debug',
    },
    /"url":"(http:[^"]+)".*The relay is ready/,
  );

/** Asks the api; fails on any answer but success. */
export const ask = async <Answer = void>(
  url: string,
  path: string,
  { token, ...init }: { readonly token?: string; readonly method?: string; readonly json?: object } = {},
): Promise<Answer> => {
  const response = await fetch(`${url}${path}`, {
    method: init.method ?? 'POST',
    headers: {
      ...(init.json === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: init.json === undefined ? null : JSON.stringify(init.json),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (response.status === 204 ? undefined : await response.json()) as Answer;
};

interface Challenge {
  readonly nonce: string;
  readonly issuer: string;
}

/** What of the api's answers the tests read. */
export interface LoginAnswer {
  readonly app_state: {
    readonly sess: { readonly initUuid: string; readonly jwt: { readonly jwtToken: string } };
  };
  readonly data: {
    readonly certificate: string;
    readonly grants: Grant[];
    readonly user: {
      readonly id: number;
      readonly guid: string;
      readonly name: string;
      readonly roles: Role[];
      readonly tenant: string;
      readonly subject: string;
    };
  };
}

export interface Enrolled {
  readonly resourceGuid: string;
  readonly token: string;
  readonly issuer: string;
  readonly tenant: string;
  readonly keys: PublicKey[];
}

/** Signs in with a key, so that the session has a certificate. */
export const signIn = async (
  url: string,
  userName: string,
  password: string,
  key: SigningKey,
): Promise<LoginAnswer> => {
  const { nonce, issuer } = await ask<Challenge>(url, '/auth/challenge');
  const proof = await signProof({ nonce, issuer, subject: userName }, key);
  return ask(url, '/auth/login', { json: { userName, password, publicKey: key.publicKey, nonce, proof } });
};

export const enrol = async (url: string, joinCode: string, key: SigningKey): Promise<Enrolled> => {
  const { nonce, issuer } = await ask<Challenge>(url, '/auth/challenge');
  const proof = await signProof({ nonce, issuer, subject: joinCode }, key);
  return ask(url, '/auth/enrol', { json: { joinCode, publicKey: key.publicKey, nonce, proof } });
};

export const shopGrants: Grant[] = [{ prefix: '/shop', environments: ['development'] }];
