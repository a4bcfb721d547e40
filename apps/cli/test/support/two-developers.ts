import { join } from 'node:path';

import { startApi } from '@cd-push/api';
import { makeJoinCode, restoreSession, type Session } from '@cd-push/client';
import type { Grant } from '@cd-push/protocol';
import { silentLog, startRelay } from '@cd-push/relay';

import { credentialFolder } from '../../src/credentials/config-folder.ts';
import { credentialFiles } from '../../src/credentials/credential-files.ts';
import { cli, makeWorkshop, type Workshop } from './workshop.ts';

const service = { id: 'relay', secret: 'a service secret of more than 32 characters' };
const password = 'correct horse battery';
const grants = [{ prefix: '/shop', environments: ['development'] }];

/** One of two people who work on the same project, on machines of their own. */
export interface Developer extends Workshop {
  readonly env: Readonly<Record<string, string>>;
}

export interface TwoDevelopers extends AsyncDisposable {
  readonly ada: Developer;
  readonly eve: Developer;
  readonly apiUrl: string;
  readonly relayUrl: string;
  readonly joinCode: string;
  /** Says, as an admin, what Ada may push from now on. */
  readonly grantAda: (grants: readonly Grant[]) => Promise<void>;
}

/** Api and relay, and two people who are signed in there with the same files on their disks. */
export const twoDevelopers = async (
  files: Readonly<Record<string, string>>,
  { origins = [] }: { readonly origins?: readonly string[] } = {},
): Promise<TwoDevelopers> => {
  const project = { 'package.json': '{"name":"shop"}', ...files };
  const [one, other] = [makeWorkshop(project), makeWorkshop(project)];
  const dataFile = join(one.home, 'api.sqlite');
  const options = {
    dataFile,
    serviceCredential: service,
    logLevel: 'silent' as const,
    allowedOrigins: origins,
  };
  const roles = ['developer' as const];
  // Users are made by an admin; a seed is the shorter way, one at a start.
  const first = await startApi({
    ...options,
    seed: { userName: 'eve', password, roles: [...roles, 'admin'], grants },
  });
  await first.close();
  const api = await startApi({ ...options, seed: { userName: 'ada', password, roles, grants } });
  const relay = await startRelay({
    port: 0,
    apiUrl: api.url,
    serviceCredential: service,
    allowedOrigins: origins,
    journal: { kind: 'memory' },
    logger: silentLog,
  });
  const envOf = (workshop: Workshop) => ({
    ...workshop.env,
    CD_PUSH_API_URL: api.url,
    CD_PUSH_RELAY_URL: relay.url,
    CD_PUSH_SYNC_MODE: 'remote',
  });
  const signedIn = async (workshop: Workshop, user: string): Promise<Developer> => {
    const env = envOf(workshop);
    const { code, stderr } = await cli(['login', api.url, '--user', user], {
      cwd: workshop.root,
      env,
      stdin: password,
    });
    if (code !== 0) throw new Error(stderr);
    return { ...workshop, env };
  };
  const ada = await signedIn(one, 'ada');
  const eve = await signedIn(other, 'eve');
  const sessionOf = async ({ env }: Developer): Promise<Session> => {
    const session = await restoreSession(credentialFiles(credentialFolder(env, api.url)));
    if (session === undefined) throw new Error('Nobody is signed in.');
    return session;
  };
  const session = await sessionOf(ada);
  const grantAda = async (next: readonly Grant[]): Promise<void> => {
    const { token } = await (await sessionOf(eve)).access();
    const { id } = session.account.user;
    const { ok, status } = await fetch(`${api.url}/users/${id}/grants`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ grants: next }),
    });
    if (!ok) throw new Error(`The grants were not changed: ${status}`);
  };
  const { code } = await makeJoinCode(session, {
    module: 'shop',
    environment: 'development',
    uses: 10,
    ttlSeconds: 600,
  });
  return {
    ada,
    eve,
    apiUrl: api.url,
    relayUrl: relay.url,
    joinCode: code,
    grantAda,
    [Symbol.asyncDispose]: async () => {
      await relay.close();
      await api.close();
      one[Symbol.dispose]();
      other[Symbol.dispose]();
    },
  };
};
