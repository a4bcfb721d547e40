import { Type } from 'typebox';
import { createServer } from 'vite';

import { command, serve } from './serve.ts';

serve({
  start: command(Type.Object({ root: Type.String() }), async ({ root }) => {
    const server = await createServer({
      root,
      configFile: false,
      logLevel: 'error',
      server: { host: '127.0.0.1', port: 0 },
    });
    await server.listen();
    const [url] = server.resolvedUrls?.local ?? [];
    if (url === undefined) throw new Error('Vite does not say where it listens.');
    return { url };
  }),
});
