import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import type { Challenge } from '@cd-push/protocol';
import { createIdentity, cryptoPlatform, signProof } from '@cd-push/timeline';
import { expect, onTestFinished, test } from 'vitest';

import { newFolder } from './support/test-api.ts';

const main = join(import.meta.dirname, '../src/main.ts');

const start = (env: Record<string, string>, args: readonly string[] = []) => {
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
};

const environment = () => ({
  CD_PUSH_ISSUER: 'http://127.0.0.1',
  CD_PUSH_DATA: join(newFolder(), 'api.db'),
  CD_PUSH_SERVICE_SECRET: 'x'.repeat(32),
  PORT: '0',
});

/** Starts the program and waits for the log line that says where it listens. */
const serve = async (env: Record<string, string>) => {
  const child = start(env);
  for await (const line of createInterface({ input: child.stderr })) {
    const url = /Server listening at (http:\/\/[^"]+)/.exec(line)?.[1];
    if (url !== undefined) return { child, url };
  }
  throw new Error('The program ended before it listened.');
};

/** Binds a new identity to a user, as a program without the client's library would. */
const signIn = async (url: string, userName: string, password: string): Promise<Response> => {
  const post = (path: string, body: object): Promise<Response> =>
    fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const { kept } = await createIdentity();
  const { identity, pending: events } = kept;
  const { nonce, issuer } = (await (await post('/auth/challenge', {})).json()) as Challenge;
  const key = await cryptoPlatform.importPrivateKey(kept.key);
  const proof = await signProof({ nonce, issuer, subject: identity }, key);
  return post('/identities', { userName, password, identity, events, nonce, proof });
};

test('an admin that was added from the command line signs in to the deployed api', async () => {
  const env = environment();
  const adding = start(env, ['add-admin', 'root']);
  adding.stdin.end('a long enough password\n');
  expect((await once(adding, 'exit'))[0]).toBe(0);

  const { child, url } = await serve(env);
  const response = await signIn(url, 'root', 'a long enough password');
  expect(await response.json()).toMatchObject({ user: { roles: ['admin'] }, issuer: 'http://127.0.0.1' });
  child.kill('SIGTERM');
  expect((await once(child, 'exit'))[0]).toBe(0);
});

test('nobody is there from the start', async () => {
  const { url } = await serve(environment());
  for (const userName of ['admin', 'root', 'dev', 'ada']) {
    expect((await signIn(url, userName, userName)).status).toBe(401);
  }
});

test('what is missing is said in one line, and the program ends with 1', async () => {
  const child = start({});
  const said = await text(child.stderr);
  expect(said.trim().split('\n')).toHaveLength(1);
  expect(said).toContain('CD_PUSH_ISSUER');
  expect(child.exitCode ?? (await once(child, 'exit'))[0]).toBe(1);
});

test('a second api on the same file ends with 1 and says why', async () => {
  const env = environment();
  await serve(env);
  const second = start(env);
  expect(await text(second.stderr)).toContain('in use by another process');
  expect(second.exitCode ?? (await once(second, 'exit'))[0]).toBe(1);
});

test('an api whose port is taken ends with 1 and names PORT', async () => {
  const { url } = await serve(environment());
  const second = start({ ...environment(), PORT: new URL(url).port });
  expect(await text(second.stderr)).toMatch(/EADDRINUSE.* PORT /);
  expect(second.exitCode ?? (await once(second, 'exit'))[0]).toBe(1);
});

test('an unknown command ends with 2 and the usage', async () => {
  const child = start({}, ['remove-everything']);
  expect(await text(child.stderr)).toContain('add-admin <name>');
  expect(child.exitCode ?? (await once(child, 'exit'))[0]).toBe(2);
});
