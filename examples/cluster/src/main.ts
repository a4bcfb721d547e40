// Runs what compose.yaml runs, as processes on this machine, until it is told to end.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';

import { startCluster } from './cluster.ts';

const cluster = await startCluster({
  databaseUrl: process.env['DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/test',
  schemas: { api: 'cd_push_api', relay: 'cd_push_relay' },
  redisUrl: process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379',
  redisPrefix: 'cd-push:',
});
const admin = `admin-${randomBytes(3).toString('hex')}`;
const password = randomBytes(12).toString('base64url');
await cluster.addAdmin(admin, password);

const [first, second] = cluster.relays;
process.stdout.write(`The api and two relays run. To use them in another terminal:

  export CD_PUSH_API_URL=${cluster.api.url} CD_PUSH_RELAY_URL=${first?.url}   # or ${second?.url}
  echo ${password} | npx cd-cli login --user ${admin}

Ctrl-C ends them; what they keep stays in the schemas cd_push_api and cd_push_relay.
`);
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
await cluster.close();
