import { isReached } from '@cd-push/testing';
import { expect, test } from 'vitest';

import { requirePrograms } from '../src/processes/binaries.ts';
import { lineOfPlanted, runPlanted } from '../src/run/planted.ts';

const slow = 900_000;

const isThere = await isReached('system that `pnpm faults` runs on', async () => requirePrograms('sqlite'));

test.runIf(isThere)(
  'each fault that was planted is caught by its count, and nothing is found where there is none',
  async () => {
    const lines: string[] = [];
    const tell = { line: () => undefined, progress: () => undefined };
    const isCalibrated = await runPlanted(AbortSignal.timeout(slow), tell, (result) =>
      lines.push(lineOfPlanted(result)),
    );
    expect(lines).toEqual([
      expect.stringMatching(/^acknowledge before commit: caught \(lost \d+/u),
      expect.stringMatching(/^no ledger: caught \(.*doubled \d+/u),
      expect.stringMatching(/^no session check on resume: caught \(.*phantom \d+/u),
      'nothing: clean',
    ]);
    expect(isCalibrated).toBe(true);
  },
  slow,
);
