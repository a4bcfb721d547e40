import { epochMs } from '@cd-push/protocol';
import { onTestFinished } from 'vitest';

import { Client, RuntimeClient } from './clients.ts';
import { newDataFile } from './data-file.ts';
import type { Role } from '../../src/authority/session.ts';
import { connectAs, makeKey, type SigningLogin } from './memory-authority.ts';
import {
  addAdmin,
  adminPassword,
  ask,
  enrol,
  serveApi,
  serveRelay,
  shopGrants,
  signIn,
  type Served,
  type SignedIn,
} from './processes.ts';

/** Argon2 at sign-in and two starts of Node take their time on a busy machine. */
export const slow = 60_000;

export const developer = async (api: Served, adminToken: string): Promise<SigningLogin> => {
  const userName = `dev-${crypto.randomUUID()}`;
  const password = crypto.randomUUID();
  await ask(api.url, '/users', {
    token: adminToken,
    json: { userName, password, roles: ['developer'], grants: shopGrants },
  });
  return loginOf(await signIn(api.url, userName, password));
};

export const loginOf = ({ answer, own, scope, kept }: SignedIn): SigningLogin => {
  const { sess } = answer.app_state;
  const { certificate, user } = answer.data;
  if (certificate === null) throw new Error('This user may not push.');
  const token = sess.jwt.jwtToken;
  connectAs(token, own);
  return {
    token,
    key: own.key,
    certificate,
    kept,
    session: {
      kind: 'user',
      id: sess.initUuid,
      subject: user.subject,
      tenant: user.tenant,
      roles: user.roles as Role[],
      expiresAt: epochMs(0),
      user: { id: user.id, guid: user.guid, name: user.name },
      grants: answer.data.grants,
      acting: { identity: kept.identity, session: own.address, key: own.key.publicKey, scope },
    },
  };
};

export const openClient = async <Kind extends Client>(client: Kind): Promise<Kind> => {
  onTestFinished(() => client.close());
  await client.connected();
  return client;
};

/** Api and relay as two processes, an admin, a developer and a runtime. */
export const deploy = async () => {
  const dataFile = newDataFile('api.db');
  const journalFile = newDataFile();
  await addAdmin(dataFile);
  const api = await serveApi(dataFile);
  const relay = await serveRelay(api.url, { CD_PUSH_DATA: journalFile });
  const admin = loginOf(await signIn(api.url, 'root', adminPassword));
  const login = await developer(api, admin.token);
  const { code } = await ask<{ code: string }>(api.url, '/join-codes', {
    token: login.token,
    json: { module: 'shop', environment: 'development' },
  });
  const enrolled = await enrol(api.url, code, await makeKey());
  const runtime = await openClient(new RuntimeClient(relay.url, { token: enrolled.token }));
  await runtime.hello('one');
  const sender = await openClient(new Client(relay.url, { token: login.token }));
  return { dataFile, journalFile, api, relay, admin, login, enrolled, runtime, sender };
};

export const options = (login: SigningLogin) => ({ statement: { tenant: login.session.tenant } });
