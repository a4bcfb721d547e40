import {
  advance,
  epochMs,
  initialized,
  problemOf,
  type ProblemKind,
  type TrackEvent,
  type TrackState,
} from '@cd-push/protocol';
import { expect, test } from 'vitest';

import { exitCodeOf } from '../src/exit-codes.ts';
import type { LineAnswers, LineTrack } from '../src/sync/followed-push.ts';
import { verdictOf } from '../src/sync/verdict.ts';

const at = epochMs(1);
const state = (...events: TrackEvent[]): TrackState =>
  events.reduce((before, event) => advance(before, event).state, initialized(at));
const track = (recipient: string, ...events: TrackEvent[]): LineTrack => ({
  recipient,
  attempt: 1,
  line: 'local',
  state: state(...events),
});
const completed = track('a', { type: 'completed', at });
const silent = track('b', { type: 'pushed', at });
const failed = track(
  'c',
  { type: 'delivered', at },
  { type: 'failed', at, problem: problemOf('apply-failed') },
);

const answers = (
  accepted: ('local' | 'remote')[],
  refused: Partial<Record<'local' | 'remote', ProblemKind>> = {},
  unanswered: ('local' | 'remote')[] = [],
): LineAnswers => ({
  accepted: accepted.map((line) => ({
    line,
    recipients: [],
    isDuplicate: false,
  })),
  refused: Object.entries(refused).map(([line, kind]) => ({
    line: line as 'local',
    problem: problemOf(kind),
  })),
  unanswered,
});

test.each([
  ['all completed', [completed], answers(['local']), 0],
  ['one failed', [completed, failed], answers(['local']), 3],
  ['one silent', [completed, silent], answers(['local']), 4],
  ['one failed and one silent', [failed, silent], answers(['local']), 3],
  ['no answer at all', [], answers([], {}, ['local']), 4],
  ['hybrid: one relay has not answered', [completed], answers(['local'], {}, ['remote']), 4],
  [
    'hybrid: one knows no recipient, the other has not answered',
    [],
    answers([], { local: 'no-recipients' }, ['remote']),
    4,
  ],
  ['hybrid: one failed, the other has not answered', [failed], answers(['local'], {}, ['remote']), 3],
  ['no such recipient', [], answers([], { local: 'no-recipients' }), 1],
  ['a conflict', [], answers([], { local: 'conflict' }), 6],
  ['a session that is over', [], answers([], { local: 'session-expired' }), 5],
  [
    'hybrid: one relay knows no recipient, the other’s completed',
    [completed],
    answers(['remote'], { local: 'no-recipients' }),
    0,
  ],
  ['hybrid: one relay refuses for a conflict', [completed], answers(['local'], { remote: 'conflict' }), 6],
  [
    'hybrid: neither knows a recipient',
    [],
    answers([], { local: 'no-recipients', remote: 'no-recipients' }),
    1,
  ],
] as const)('%s', (_name, tracks, given, exitCode) => {
  expect(verdictOf('completed', tracks, given).exitCode).toBe(exitCode);
});

test('who was delivered to counts where delivery is what is waited for', () => {
  expect(verdictOf('delivered', [completed, failed], answers(['local']))).toMatchObject({
    outcome: 'reached',
    exitCode: 0,
  });
});

test.each([
  ['conflict', 6],
  ['stale-version', 6],
  ['timeout', 4],
  ['invalid-credentials', 5],
  ['session-revoked', 5],
  ['forbidden', 1],
  ['no-recipients', 1],
  ['unavailable', 1],
] as const)('the problem %s ends a command with %i', (kind, code) => {
  expect(exitCodeOf(problemOf(kind))).toBe(code);
});
