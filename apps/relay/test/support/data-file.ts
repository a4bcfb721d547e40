import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { onTestFinished } from 'vitest';

/** A file that is not there yet, in a folder that goes with the test. */
export const newDataFile = (name = 'journal.db'): string => {
  const folder = mkdtempSync(join(tmpdir(), 'cd-push-relay-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, name);
};
