import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

import type { Grant, PublicKey, Scope, SessionAnswer } from '@cd-push/protocol';
import {
  claimSession,
  createIdentity,
  cryptoPlatform,
  newSeed,
  openSession,
  registeredUpTo,
  signProof,
  type KeptIdentity,
  type OwnSession,
  type SigningKey,
} from '@cd-push/timeline';
import { onTestFinished } from 'vitest';

const apiMain = fileURLToPath(new URL('dist/main.js', import.meta.resolve('@cd-push/api/package.json')));
const relayMain = join(import.meta.dirname, '../../src/main.ts');
const secret = 'a service secret of at least 32 characters';

/** A process that serves, with every line that it has logged. */
export interface Served {
  readonly url: string;
  readonly lines: readonly string[];
  /** Answers the exit code. */
  stop(): Promise<number | null>;
  /** Ends it as `kill -9` does. */
  kill(): Promise<void>;
}

const serve = async (main: string, env: Record<string, string>, isReady: RegExp): Promise<Served> => {
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: 'pipe',
  });
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      child.kill(signal);
      await exited;
    }
    return child.exitCode;
  };
  onTestFinished(async () => void (await end('SIGTERM')));
  const lines: string[] = [];
  const url = await Promise.race([
    firstUrl(child.stdout, lines, isReady),
    firstUrl(child.stderr, lines, isReady),
    once(child, 'exit').then(() => {
      throw new Error(lines.join('\n'));
    }),
  ]);
  return { url, lines, stop: () => end('SIGTERM'), kill: async () => void (await end('SIGKILL')) };
};

const firstUrl = (output: Readable, lines: string[], isReady: RegExp): Promise<string> =>
  new Promise((resolve) => {
    createInterface({ input: output }).on('line', (line) => {
      lines.push(line);
      const url = isReady.exec(line)?.[1];
      if (url !== undefined) resolve(url);
    });
  });

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

/** @param env where its pushes are kept, and whatever differs from the usual. */
export const serveRelay = (apiUrl: string, env: Record<string, string>): Promise<Served> =>
  serve(
    relayMain,
    {
      CD_PUSH_API_URL: apiUrl,
      CD_PUSH_SERVICE_SECRET: secret,
      CD_PUSH_LEGACY: 'on',
      PORT: '0',
      LOG_LEVEL: 'debug',
      ...env,
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

/** A session, as its client holds it. */
export interface SignedIn {
  readonly answer: SessionAnswer;
  readonly own: OwnSession;
  readonly scope: Scope;
  readonly kept: KeptIdentity;
}

export interface Enrolled {
  readonly resourceGuid: string;
  readonly token: string;
  readonly issuer: string;
  readonly tenant: string;
  readonly keys: PublicKey[];
}

/** Binds a new identity to a user by password, and has it open a session. */
export const signIn = async (url: string, userName: string, password: string): Promise<SignedIn> => {
  const { kept: made } = await createIdentity();
  const { identity } = made;
  const { nonce, proof } = await prove(url, identity, await cryptoPlatform.importPrivateKey(made.key));
  const events = made.pending;
  await ask(url, '/identities', { json: { userName, password, identity, events, nonce, proof } });
  return openAnother(url, registeredUpTo(made, made.n));
};

/** Another session of the same identity. */
export const openAnother = async (url: string, before: KeptIdentity): Promise<SignedIn> => {
  const { identity, tip: from } = before;
  const key = await cryptoPlatform.importPrivateKey(await cryptoPlatform.generatePrivateKey());
  const { nonce, issuer } = await ask<Challenge>(url, '/auth/challenge');
  const own = await openSession({ identity, key, seed: newSeed(), nonce });
  const scope: Scope = {
    verbs: ['connect', 'sync', 'push', 'rollback', 'manage'],
    grants: [{ prefix: '/', environments: ['*'] }],
    expiresAt: Date.now() + 3_600_000,
  };
  const { kept } = await claimSession(before, { target: own.address, key: key.publicKey, scope });
  const proof = await signProof({ nonce, issuer, subject: own.address }, key);
  const { genesis } = own;
  const answer = await ask<SessionAnswer>(url, '/auth/sessions', {
    json: { identity, from, events: kept.pending, genesis, nonce, proof },
  });
  return { answer, own, scope, kept: registeredUpTo(kept, kept.n) };
};

const prove = async (url: string, subject: string, key: SigningKey) => {
  const { nonce, issuer } = await ask<Challenge>(url, '/auth/challenge');
  return { nonce, proof: await signProof({ nonce, issuer, subject }, key) };
};

export const enrol = async (url: string, joinCode: string, key: SigningKey): Promise<Enrolled> => {
  const { nonce, issuer } = await ask<Challenge>(url, '/auth/challenge');
  const proof = await signProof({ nonce, issuer, subject: joinCode }, key);
  return ask(url, '/auth/enrol', { json: { joinCode, publicKey: key.publicKey, nonce, proof } });
};

export const shopGrants: Grant[] = [{ prefix: '/shop', environments: ['development'] }];
