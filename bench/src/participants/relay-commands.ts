import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { jsonLog, startRelay } from '@cd-push/relay';
import { Type } from 'typebox';

import { fillJournal } from '../journal/fill-journal.ts';
import { serviceCredential } from './installation.ts';
import { command } from './serve.ts';
import { usage } from './usage.ts';

/** Where pushes are kept: in memory alone, or in a file that is synchronised before a push counts as accepted. */
export const JournalSchema = Type.Enum(['memory', 'sqlite']);

const folder = mkdtempSync(join(tmpdir(), 'cd-push-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'journal.db');

/** The real relay, as it is started anywhere, with its api elsewhere. */
export const relayCommands = {
  ...usage,

  /** Writes so many settled pushes into the journal that the relay will start on. */
  fill: command(Type.Object({ count: Type.Integer() }), async ({ count }) => {
    await fillJournal(file, count);
    return {};
  }),

  start: command(
    Type.Object({ apiUrl: Type.String(), journal: JournalSchema }),
    async ({ apiUrl, journal }) => {
      const relay = await startRelay({
        port: 0,
        allowedOrigins: [],
        apiUrl,
        serviceCredential,
        journal: journal === 'memory' ? { kind: 'memory' } : { kind: 'sqlite', file },
        // What is measured is how fast it is, not how soon it says stop.
        rate: { perSecond: 1_000_000, burst: 1_000_000 },
        logger: jsonLog({ level: 'warn', write: (line) => process.stderr.write(line) }),
      });
      return { url: relay.url };
    },
  ),
};
