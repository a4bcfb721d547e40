import { join } from 'node:path';

import { startApi } from '@cd-push/api';
import { restoreSession, makeJoinCode } from '@cd-push/client';
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
  const first = await startApi({ ...options, seed: { userName: 'eve', password, roles, grants } });
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
  const session = await restoreSession(credentialFiles(credentialFolder(ada.env, api.url)));
  if (session === undefined) throw new Error('Nobody is signed in.');
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
    [Symbol.asyncDispose]: async () => {
      await relay.close();
      await api.close();
      one[Symbol.dispose]();
      other[Symbol.dispose]();
    },
  };
};
