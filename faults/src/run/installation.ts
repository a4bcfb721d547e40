import { login, makeJoinCode, type Session } from '@cd-push/client';
import { Type, type Static, type TSchema } from 'typebox';
import { Check } from 'typebox/value';

import { admin, environment, former, module, operator, password } from './settings.ts';

/** Signs in with an identity of its own. */
export const signIn = (apiUrl: string, userName: string): Promise<Session> =>
  login({ apiUrl, userName, password });

/** Makes everybody who will sign in, and a code by which so many runtimes join. */
export const furnish = async (
  apiUrl: string,
  senders: readonly string[],
  runtimeCount: number,
): Promise<{ joinCode: string }> => {
  const root = await signIn(apiUrl, admin);
  const { token } = await root.access();
  const grants = [{ prefix: `/${module}`, environments: [environment] }];
  for (const userName of [...senders, former])
    await ask(apiUrl, '/users', token, { userName, password, roles: ['developer'], grants });
  await ask(apiUrl, '/users', token, {
    userName: operator,
    password,
    roles: ['developer', 'observer'],
    grants,
  });
  const session = await signIn(apiUrl, operator);
  const { code } = await makeJoinCode(session, { module, environment, uses: runtimeCount });
  return { joinCode: code };
};

const Made = Type.Object({ id: Type.Integer() });

const ask = async (apiUrl: string, path: string, token: string, body: object): Promise<Static<typeof Made>> =>
  checked(
    Made,
    await fetch(`${apiUrl}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    }),
  );

const checked = async <Schema extends TSchema>(
  schema: Schema,
  response: Response,
): Promise<Static<Schema>> => {
  const text = await response.text();
  const value: unknown = response.ok ? JSON.parse(text) : undefined;
  if (!Check(schema, value)) throw new Error(`${response.url} answered ${response.status}: ${text}`);
  return value;
};
