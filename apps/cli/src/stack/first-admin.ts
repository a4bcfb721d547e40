import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { login, type Session } from '@cd-push/client';
import { isProblem, ProblemError, problemOf } from '@cd-push/protocol';

import { CliError } from '../cli-error.ts';
import { credentialFiles } from '../credentials/credential-files.ts';

export interface Credentials {
  readonly userName: string;
  readonly password: string;
}

/** Makes the first admin of a new stack, by the api's own program and while the api does not run. */
export const addFirstAdmin = async (dataFile: string, { userName, password }: Credentials): Promise<void> => {
  const manifest = createRequire(import.meta.url).resolve('@cd-push/api/package.json');
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const child = execFile(
    process.execPath,
    [join(manifest, '../dist/main.js'), 'add-admin', userName],
    { env: { ...process.env, CD_PUSH_DATA: dataFile } },
    (error, _stdout, stderr) => {
      if (error === null) resolve();
      else
        reject(new CliError(stderr.trim().replace(/^cd-push-api: /u, '') || error.message, { cause: error }));
    },
  );
  child.stdin?.end(password);
  return promise;
};

/** Signs the admin in and makes sure that the admin may push, too. */
export const signAdminIn = async (
  apiUrl: string,
  folder: string,
  credentials: Credentials,
): Promise<Session> => {
  const options = { apiUrl, ...credentials, store: credentialFiles(folder) };
  const session = await login(options);
  const { mayPush, grants } = await session.open();
  if (mayPush && grants.length > 0) return session;
  const { id, roles } = session.account.user;
  await put(session, `/users/${id}/roles`, { roles: [...new Set([...roles, 'developer'])] });
  await put(session, `/users/${id}/grants`, { grants: [{ prefix: '/', environments: ['*'] }] });
  // The certificate says what its session may push, as it was when it was opened.
  return login(options);
};

const put = async (session: Session, path: string, body: object): Promise<void> => {
  const { token } = await session.access();
  const response = await fetch(`${session.account.apiUrl}${path}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (response.ok) return;
  const problem: unknown = await response.json();
  throw new ProblemError(isProblem(problem) ? problem : problemOf('internal'));
};
