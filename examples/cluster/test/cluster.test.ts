import { databaseUrl, hasPostgres, hasRedis, newPrefix, newSchema, redisUrl } from '@cd-push/testing';
import { describe, expect, onTestFinished, test } from 'vitest';

import { startCluster } from '../src/cluster.ts';
import { developer, newRuntime, senderAt } from './support/participants.ts';

const hasBoth = (await hasPostgres()) && (await hasRedis());
const password = 'a password of the first admin';

/** The services with what they keep in places of their own, and a developer who is signed in. */
const start = async () => {
  const cluster = await startCluster({
    databaseUrl,
    schemas: { api: newSchema(), relay: newSchema() },
    redisUrl,
    redisPrefix: newPrefix(),
  });
  onTestFinished(() => cluster.close());
  const [one, other] = cluster.relays;
  if (one === undefined || other === undefined) throw new Error('compose.yaml has fewer than two relays.');
  await cluster.addAdmin('ada', password);
  const session = await developer(cluster.api.url, 'ada', password);
  return { cluster, one, other, session, runtime: await newRuntime(cluster.api.url, session) };
};

describe.runIf(hasBoth)('the services of compose.yaml, with their own commands and environments', () => {
  test('are well, bring a push from one relay to a runtime at the other, and end with 0 when told to', async () => {
    const { cluster, one, other, session, runtime } = await start();
    const services = [
      ['api', cluster.api],
      ['relay-1', one],
      ['relay-2', other],
    ] as const;
    for (const [name, service] of services) expect(await cluster.checkHealth(name, service)).toBe(0);

    await runtime.joinAt(other.url);
    const sender = senderAt(one.url, session);
    await expect.poll(() => sender.connected()).toEqual([runtime.recipient]);
    const push = sender.push('{"greeting":"hello"}');
    expect(await push.accepted).toMatchObject({ status: true, duplicate: false });
    const { reached, missed } = await push.settled('completed');
    expect([...reached]).toMatchObject([{ recipient: runtime.recipient, state: { stage: 'completed' } }]);
    expect([...missed]).toEqual([]);
    expect(runtime.taken).toEqual(['{"greeting":"hello"}']);

    for (const [name, service] of services.toReversed()) {
      expect(await service.stop()).toBe(0);
      expect(await cluster.checkHealth(name, service)).not.toBe(0);
    }
  });

  test('lose nothing with a relay: what was accepted meanwhile comes to a runtime over the one that takes its place', async () => {
    const { cluster, one, other, session, runtime } = await start();
    await runtime.joinAt(other.url);
    const sender = senderAt(one.url, session);
    await expect.poll(() => sender.connected()).toEqual([runtime.recipient]);
    await other.kill();
    const push = sender.push('{"greeting":"hello again"}');
    expect(await push.accepted).toMatchObject({ status: true });
    const next = await cluster.startRelay('relay-2');
    await runtime.joinAt(next.url);
    const { reached } = await push.settled('completed');
    expect([...reached]).toMatchObject([{ recipient: runtime.recipient }]);
    expect(runtime.taken).toEqual(['{"greeting":"hello again"}']);
  });
});
