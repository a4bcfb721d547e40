import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

import { isOutboxEntry, type Outbox, type OutboxEntry } from '@cd-push/client';

/** An outbox in a folder that one sender at a time has for itself. */
export const fileOutbox = (folder: string): Outbox => {
  mkdirSync(folder, { recursive: true });
  const pathOf = (pushGuid: string): string => join(folder, `${pushGuid}.json`);
  return {
    put: async (entry) => {
      const path = pathOf(entry.pushGuid);
      const file = openSync(`${path}.new`, 'w');
      writeSync(file, JSON.stringify(entry));
      fsyncSync(file);
      closeSync(file);
      renameSync(`${path}.new`, path);
    },
    remove: async (pushGuid) => rmSync(pathOf(pushGuid), { force: true }),
    claim: async () => entriesIn(folder).toSorted((a, b) => a.order - b.order),
    close: async () => undefined,
  };
};

const entriesIn = (folder: string): OutboxEntry[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8')))
    .filter(isOutboxEntry);
