import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  advance,
  deriveProgress,
  epochMs,
  initialized,
  isSettled,
  problemOf,
  Progress,
  stages,
  toCommTrack,
  type StageTimes,
  type TrackEvent,
  type TrackState,
} from '../src/index.ts';

const at = epochMs;
const problem = problemOf('apply-failed', { detail: 'The controller threw.' });
const run = (events: readonly TrackEvent[], from: TrackState = initialized(at(1))): TrackState =>
  events.reduce((state, event) => advance(state, event).state, from);

const eventArbitrary: fc.Arbitrary<TrackEvent> = fc.oneof(
  fc.record({
    type: fc.constantFrom('relayed', 'pushed', 'delivered', 'completed'),
    at: fc.nat(1000).map(at),
  }),
  fc.record({
    type: fc.constant('failed' as const),
    at: fc.nat(1000).map(at),
    problem: fc.constant(problem),
  }),
  fc.record({ type: fc.constantFrom('expired', 'superseded'), at: fc.nat(1000).map(at) }),
);
const historyArbitrary = fc.array(eventArbitrary, { maxLength: 12 });

describe('one attempt at one recipient', () => {
  it('[TRACK-1] runs initialized, relayed, pushed, delivered, completed', () => {
    const seen = stages
      .slice(1)
      .map(
        (type, index) =>
          run(
            stages
              .slice(1, index + 2)
              .map((stage, step) => ({ type: stage as 'relayed', at: at(10 + step) })),
          ).stage,
      );
    expect(seen).toEqual(['relayed', 'pushed', 'delivered', 'completed']);
  });

  it('[TRACK-2] never moves back, whatever arrives in whatever order', () => {
    fc.assert(
      fc.property(historyArbitrary, (events) => {
        let state = initialized(at(1));
        for (const event of events) {
          const before = state;
          state = advance(state, event).state;
          const was: StageTimes = before.times;
          const is: StageTimes = state.times;
          for (const stage of stages) if (was[stage] !== undefined) expect(is[stage]).toBe(was[stage]);
          if (isSettled(before)) expect(state).toBe(before);
        }
      }),
    );
  });

  it('[TRACK-3] a stage implies those before it, with its own time', () => {
    expect(run([{ type: 'completed', at: at(50) }]).times).toEqual({
      initialized: 1,
      relayed: 50,
      pushed: 50,
      delivered: 50,
      completed: 50,
    });
  });

  it('[TRACK-4] no stage is earlier than the one before it', () => {
    fc.assert(
      fc.property(historyArbitrary, (events) => {
        const times: StageTimes = run(events).times;
        const reached = stages.map((stage) => times[stage]).filter((time) => time !== undefined);
        expect(reached).toEqual(reached.toSorted((a, b) => a - b));
      }),
    );
  });

  it('[TRACK-5] a repeated or late report changes nothing and says so', () => {
    const delivered = run([{ type: 'delivered', at: at(9) }]);
    expect(advance(delivered, { type: 'delivered', at: at(10) })).toEqual({
      outcome: 'unchanged',
      state: delivered,
      why: 'repeated',
    });
    expect(advance(delivered, { type: 'pushed', at: at(10) })).toEqual({
      outcome: 'unchanged',
      state: delivered,
      why: 'late',
    });
  });

  it('[TRACK-6] failed, expired and superseded end an attempt and keep what was reached', () => {
    const failed = run([
      { type: 'delivered', at: at(9) },
      { type: 'failed', at: at(12), problem },
    ]);
    expect(failed).toEqual({
      stage: 'failed',
      times: { initialized: 1, relayed: 9, pushed: 9, delivered: 9 },
      at: 12,
      problem,
    });
    expect(advance(failed, { type: 'completed', at: at(20) })).toMatchObject({
      outcome: 'unchanged',
      why: 'settled',
    });
    expect(run([{ type: 'expired', at: at(3) }]).stage).toBe('expired');
    expect(run([{ type: 'superseded', at: at(3) }]).stage).toBe('superseded');
  });

  it('[TRACK-7] the wire shows a stage exactly when its time is known', () => {
    const track = toCommTrack(run([{ type: 'pushed', at: at(5) }]).times);
    expect(track).toEqual({
      initTime: 1,
      relayed: true,
      relayTime: 5,
      pushed: true,
      pushTime: 5,
      delivered: false,
      deliveryTime: null,
      completed: false,
      completedTime: null,
    });
  });
});

describe('a push over all its recipients', () => {
  const completed = run([{ type: 'completed', at: at(9) }]);
  const failed = run([{ type: 'failed', at: at(9), problem }]);
  const expired = run([{ type: 'expired', at: at(9) }]);
  const superseded = run([{ type: 'superseded', at: at(9) }]);
  const outcomeOf = (...states: TrackState[]): string => deriveProgress(at(1), states).outcome;

  it('[TRACK-8] reaches a stage when every recipient has, at the time of the last', () => {
    const track = deriveProgress(at(1), [
      run([{ type: 'completed', at: at(9) }]),
      run([{ type: 'delivered', at: at(12) }]),
    ]).commTrack;
    expect(track).toMatchObject({ delivered: true, deliveryTime: 12, completed: false, completedTime: null });
  });

  it('[TRACK-9] is open, completed, partial, failed or expired; superseded is settled but never completed', () => {
    expect(outcomeOf(completed, initialized(at(1)))).toBe('open');
    expect(outcomeOf(completed, completed)).toBe('completed');
    expect(outcomeOf(failed, failed)).toBe('failed');
    expect(outcomeOf(expired)).toBe('expired');
    expect(outcomeOf(completed, failed)).toBe('partial');
    expect(outcomeOf(superseded, completed)).toBe('partial');
    expect(outcomeOf(superseded)).toBe('partial');
  });

  it('[TRACK-10] kept up by differences says the same as derived in one walk', () => {
    fc.assert(
      fc.property(fc.array(historyArbitrary, { minLength: 1, maxLength: 6 }), (histories) => {
        const progress = new Progress(at(1));
        const states = histories.map(() => initialized(at(1)));
        for (const state of states) progress.record(undefined, state);
        for (const [recipient, events] of histories.entries()) {
          for (const event of events) {
            const before = states[recipient] ?? initialized(at(1));
            const after = advance(before, event).state;
            progress.record(before, after);
            states[recipient] = after;
          }
        }
        const derived = deriveProgress(at(1), states);
        expect([progress.commTrack, progress.outcome]).toEqual([derived.commTrack, derived.outcome]);
      }),
    );
  });

  it('[TRACK-11] a retry joins the count anew and takes its predecessor out', () => {
    const progress = deriveProgress(at(1), [failed, completed]);
    expect(progress.outcome).toBe('partial');
    progress.record(failed, run([{ type: 'relayed', at: at(20) }]));
    expect(progress.outcome).toBe('open');
    progress.record(run([{ type: 'relayed', at: at(20) }]), run([{ type: 'completed', at: at(25) }]));
    expect(progress.outcome).toBe('completed');
  });
});
