import { expect, test } from 'vitest';

import { realEngine } from '../src/engine/real-engine.ts';
import { lineOfPlanted, runPlanted } from '../src/planted/run-planted.ts';

const slow = 600_000;

test(
  'each fault that was planted is found, and nothing where there is none',
  async () => {
    const lines: string[] = [];
    const isCalibrated = await runPlanted(realEngine, (result) => lines.push(lineOfPlanted(result)));
    expect(lines).toEqual([
      expect.stringMatching(/^drops a side of each conflict: found in history \d+ \(.*lostEdits \d+/),
      expect.stringMatching(
        /^keeps each side that a conflict ever had: found in history \d+ \(.*lostEdits \d+/,
      ),
      expect.stringMatching(/^takes all that theirs says: found in history \d+ \(.*lostEdits \d+/),
      expect.stringMatching(
        /^merges from the first frame of the timeline: found in history \d+ \(.*lostEdits \d+/,
      ),
      expect.stringMatching(
        /^merges from one base where there are several: found in history \d+ \(.*lostEdits \d+/,
      ),
      expect.stringMatching(/^says when it was merged: found in history \d+ \(.*unstableAddresses \d+/),
      expect.stringMatching(
        /^names its parents as ours and theirs: found in history \d+ \(.*unstableAddresses \d+/,
      ),
      expect.stringMatching(/^has twice what both have put in: found in history \d+ \(.*lostEdits \d+/),
      expect.stringMatching(
        /^relates to all that either is related to: found in history \d+ \(.*lostEdits \d+/,
      ),
      expect.stringMatching(/^takes in what it has not looked at: found in history \d+ \(.*divergences \d+/),
      expect.stringMatching(
        /^moves tips before their objects are there: found in history \d+ \(.*divergences \d+/,
      ),
      expect.stringMatching(/^moves a tip that has moved meanwhile: found in history \d+ \(.*lostEdits \d+/),
      expect.stringMatching(/^takes the other tip without merging: found in history \d+ \(.*lostEdits \d+/),
      expect.stringMatching(/^nothing: clean in \d+ histories$/),
    ]);
    expect(isCalibrated).toBe(true);
  },
  slow,
);
