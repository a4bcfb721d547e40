import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { jsonLog, startRelay, type JournalPlace } from '@cd-push/relay';
import { openPostgresJournal, openSqliteJournal, type JournalStore } from '@cd-push/store';
import { Type, type Static } from 'typebox';

import { fillJournal } from '../journal/fill-journal.ts';
import { serviceCredential } from './installation.ts';
import { command } from './serve.ts';
import { usage } from './usage.ts';

/**
 * Where pushes are kept: in memory alone, in a file that is synchronised before a push counts as accepted, or in a schema
 * of a PostgreSQL that is there.
 */
const JournalSchema = Type.Union([
  Type.Object({ kind: Type.Literal('memory') }),
  Type.Object({ kind: Type.Literal('sqlite') }),
  Type.Object({ kind: Type.Literal('postgres'), url: Type.String(), schema: Type.String() }),
]);
export type BenchJournal = Static<typeof JournalSchema>;

const folder = mkdtempSync(join(tmpdir(), 'cd-push-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'journal.db');

const placeOf = (journal: BenchJournal): JournalPlace =>
  journal.kind === 'sqlite' ? { kind: 'sqlite', file } : journal;

const openToFill = (journal: BenchJournal): Promise<JournalStore> => {
  const place = placeOf(journal);
  const node = 'bench';
  if (place.kind === 'postgres') return openPostgresJournal({ ...place, node });
  return openSqliteJournal(place.kind === 'sqlite' ? place.file : ':memory:', { node });
};

/** The real relay, as it is started anywhere, with its api elsewhere. */
export const relayCommands = {
  ...usage,

  /** Writes so many settled pushes into the journal that the relay will start on, and answers the bytes of its files. */
  fill: command(
    Type.Object({
      count: Type.Integer(),
      recipients: Type.Optional(Type.Integer()),
      journal: JournalSchema,
    }),
    async ({ count, recipients, journal }) => {
      const store = await openToFill(journal);
      try {
        await fillJournal(store, count, recipients);
      } finally {
        await store.close();
      }
      const files = readdirSync(folder);
      return { bytes: files.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0) };
    },
  ),

  start: command(
    Type.Object({ apiUrl: Type.String(), journal: JournalSchema, redis: Type.Optional(Type.String()) }),
    async ({ apiUrl, journal, redis }) => {
      const relay = await startRelay({
        port: 0,
        allowedOrigins: [],
        apiUrl,
        serviceCredential,
        journal: placeOf(journal),
        ...(redis === undefined ? {} : { redis: { url: redis } }),
        // What is measured is how fast it is, not how soon it says stop.
        rate: { perSecond: 1_000_000, burst: 1_000_000 },
        logger: jsonLog({ level: 'warn', write: (line) => process.stderr.write(line) }),
      });
      return { url: relay.url };
    },
  ),
};
