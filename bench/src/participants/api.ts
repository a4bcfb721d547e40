import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startApi } from '@cd-push/api';
import { Type } from 'typebox';

import { environment, module, serviceCredential, user } from './installation.ts';
import { command, serve } from './serve.ts';

const folder = mkdtempSync(join(tmpdir(), 'cd-push-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

serve({
  start: command(Type.Object({}), async () => {
    const api = await startApi({
      dataFile: join(folder, 'api.db'),
      serviceCredential,
      seed: {
        ...user,
        grants: [{ prefix: `/${module}`, environments: [environment] }],
        roles: ['developer'],
      },
      // A thousand runtimes join from one address within seconds.
      rateLimits: { requestsPerAddress: 1_000_000, loginsPerAddress: 10_000, loginsPerName: 10_000 },
      logLevel: 'silent',
    });
    return { url: api.url };
  }),
});
