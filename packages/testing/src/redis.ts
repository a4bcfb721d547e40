import { randomUUID } from 'node:crypto';

import { createClient } from 'redis';
import { afterAll } from 'vitest';

import { isReached } from './reach.ts';

/** The Redis that tests may use; each under prefixes of its own. */
export const redisUrl = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379';

const connect = () =>
  createClient({ url: redisUrl, socket: { connectTimeout: 5_000, reconnectStrategy: false } });

export const hasRedis = (): Promise<boolean> =>
  isReached(`Redis at ${redisUrl}`, async () => {
    const client = connect();
    client.on('error', () => {});
    await client.connect();
    client.destroy();
  });

const prefixes = new Set<string>();

/** A prefix of keys that are deleted when the tests of the file have run. */
export const newPrefix = (): string => {
  const prefix = `test-${randomUUID()}:`;
  prefixes.add(prefix);
  return prefix;
};

export const deleteKeys = async (): Promise<void> => {
  if (prefixes.size === 0) return;
  const client = connect();
  await client.connect();
  for (const prefix of prefixes) {
    for await (const keys of client.scanIterator({ MATCH: `${prefix}*`, COUNT: 1_000 })) {
      if (keys.length > 0) await client.del(keys);
    }
  }
  prefixes.clear();
  client.destroy();
};
afterAll(deleteKeys);
