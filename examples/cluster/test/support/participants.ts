import {
  connect,
  connectRuntime,
  enrol,
  login,
  makeJoinCode,
  onEnvelopes,
  Publisher,
  RuntimeSession,
  type Push,
  type Session,
} from '@cd-push/client';
import { isCdPushEnvelop, protocolVersion } from '@cd-push/protocol';
import { cryptoPlatform, digestOf, type SigningKey } from '@cd-push/timeline';
import { onTestFinished } from 'vitest';

const newKey = async (): Promise<SigningKey> =>
  cryptoPlatform.importPrivateKey(await cryptoPlatform.generatePrivateKey());

const place = { module: 'shop', environment: 'development' } as const;

/** Signs in as an admin, makes a developer, and signs in as that. */
export const developer = async (apiUrl: string, userName: string, password: string): Promise<Session> => {
  const admin = await login({ apiUrl, userName, password });
  const { token } = await admin.access();
  const made = { userName: 'dev', password: 'the password of dev', roles: ['developer'] };
  const grants = [{ prefix: `/${place.module}`, environments: [place.environment] }];
  const answer = await fetch(`${apiUrl}/users`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ...made, grants }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return login({ apiUrl, userName: 'dev', password: made.password });
};

/** A developer who uses one of the relays. */
export const senderAt = (relayUrl: string, session: Session) => {
  const connection = connect({ relayUrl, session });
  onTestFinished(() => connection.close());
  const publisher = new Publisher({ connection, session });
  onTestFinished(() => publisher.close());
  return {
    /** Recipients that this relay knows to be connected, to whichever relay. */
    connected: async (): Promise<string[]> => {
      const { targets } = await connection.request('list-targets', {});
      return targets.filter(({ connected }) => connected).map(({ recipient }) => recipient);
    },
    push: (content: string): Push =>
      publisher.push({
        environment: place.environment,
        targets: [{ select: place }],
        patches: [{ change: 'put', resource: '/shop/greeting.json', componentType: 'config', content }],
      }),
  };
};

/** A runtime of few lines: it takes every push that reaches it, and says so. */
export const newRuntime = async (apiUrl: string, session: Session) => {
  const key = await newKey();
  const { code } = await makeJoinCode(session, place);
  const identity = await enrol({ apiUrl, joinCode: code, key });
  const taken: string[] = [];
  return {
    recipient: `${identity.resourceGuid}#one`,
    taken,
    /** Connects, as often as it is to come back. */
    joinAt: async (relayUrl: string): Promise<void> => {
      const connection = connectRuntime({
        relayUrl,
        session: new RuntimeSession(identity, key),
        greet: async (ask) => {
          const held = { base: null, heads: [], retainedBytes: 0 };
          await ask('runtime-hello', { protocol: protocolVersion, instance: 'one', kind: 'node', ...held });
        },
      });
      onTestFinished(() => connection.close());
      const take = async (payload: unknown): Promise<void> => {
        if (!isCdPushEnvelop(payload)) throw new TypeError('The relay sent no envelope.');
        const { pushGuid, attempt = 1, statement = '', contents: [content] = [] } = payload.pushData;
        if (content?.encoding === 'text') taken.push(content.text);
        const about = { pushGuid, attempt, statement: await digestOf(statement), at: Date.now() };
        connection.send('push-ack', about);
        connection.send('push-msg-complete', about);
      };
      onEnvelopes(connection, ['apply-runtime-patch'], (envelope) => void take(envelope));
      await connection.opened();
    },
  };
};
