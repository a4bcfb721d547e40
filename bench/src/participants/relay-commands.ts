import { jsonLog, startRelay } from '@cd-push/relay';
import { Type } from 'typebox';

import { serviceCredential } from './installation.ts';
import { command } from './serve.ts';
import { usage } from './usage.ts';

/** The real relay, as it is started anywhere, with its api elsewhere. */
export const relayCommands = {
  ...usage,
  start: command(Type.Object({ apiUrl: Type.String() }), async ({ apiUrl }) => {
    const relay = await startRelay({
      port: 0,
      allowedOrigins: [],
      apiUrl,
      serviceCredential,
      // What is measured is how fast it is, not how soon it says stop.
      rate: { perSecond: 1_000_000, burst: 1_000_000 },
      logger: jsonLog({ level: 'warn', write: (line) => process.stderr.write(line) }),
    });
    return { url: relay.url };
  }),
};
