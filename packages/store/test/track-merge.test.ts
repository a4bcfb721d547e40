import { databaseUrl, hasPostgres, newSchema } from '@cd-push/testing';
import { advance, epochMs, initialized, problemOf, type TrackEvent } from '@cd-push/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  openPostgresJournal,
  openSqliteJournal,
  type JournalStore,
  type RecipientTrack,
  type TrackMove,
} from '../src/index.ts';
import { mergeMoves } from '../src/journal/merge-moves.ts';
import { isFurther } from '../src/journal/ranks.ts';
import { accepted, append, commit, listed, recipient } from './contract/journal-samples.ts';

const isThere = await hasPostgres();

const recipients = [recipient('a'), recipient('b', 'one')];

const problem = problemOf('apply-failed');
const events: TrackEvent['type'][] = [
  'relayed',
  'pushed',
  'delivered',
  'completed',
  'failed',
  'expired',
  'superseded',
];
const event = fc
  .record({ type: fc.constantFrom(...events), at: fc.integer({ min: 1_000_000, max: 1_000_100 }) })
  .map(({ type, at }): TrackEvent => ({ type, at: epochMs(at), problem }));
const track = fc
  .record({ attempt: fc.integer({ min: 1, max: 3 }), events: fc.array(event, { maxLength: 3 }) })
  .map(({ attempt, events: happened }): RecipientTrack => ({
    attempt,
    state: happened.reduce((state, one) => advance(state, one).state, initialized(epochMs(999_990))),
  }));
/** Of the pushes at offsets 1 and 2. */
const move: fc.Arbitrary<TrackMove> = fc.record({
  push: fc.constantFrom(1, 2),
  recipient: fc.constantFrom(...recipients),
  track,
});
/** What one writer writes, group by group. */
const groups = fc.array(fc.array(move, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 5 });

const keyOf = ({ push, recipient: to }: Pick<TrackMove, 'push' | 'recipient'>): string => `${push} ${to}`;
const furthest = (moves: readonly TrackMove[]): Map<string, RecipientTrack> => {
  const found = new Map<string, RecipientTrack>();
  for (const one of moves) {
    const known = found.get(keyOf(one));
    if (known === undefined || isFurther(one.track, known)) found.set(keyOf(one), one.track);
  }
  return found;
};
const isAsFar = (one: RecipientTrack, other: RecipientTrack): boolean =>
  !isFurther(one, other) && !isFurther(other, one);

test('however the moves of two writers come together, every track ends at the furthest of them', () => {
  const begin: RecipientTrack = { attempt: 1, state: initialized(epochMs(1)) };
  const standing = [1, 2].flatMap((push) => recipients.map((to) => ({ push, recipient: to, track: begin })));
  fc.assert(
    fc.property(fc.array(move, { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 12 }), (moves, order) => {
      const shuffled = moves
        .map((one, index) => ({ one, place: order[index] ?? index }))
        .toSorted((a, b) => a.place - b.place)
        .map(({ one }) => one);
      const [inOrder, mixed] = [mergeMoves(moves, standing), mergeMoves(shuffled, standing)];
      const ends = furthest([...standing, ...moves]);
      for (const merged of [inOrder, mixed]) {
        const stands = new Map([...standing, ...merged.moved].map((one) => [keyOf(one), one.track]));
        for (const [key, end] of ends) expect(isAsFar(stands.get(key)!, end)).toBe(true);
        for (const late of merged.overtaken) expect(late.track).toBe(stands.get(keyOf(late)));
      }
    }),
  );
});

/** Lets two writers write at once, and watches that no track ever goes back. */
const writeTogether = async (
  writers: readonly [JournalStore, JournalStore],
  written: readonly [TrackMove[][], TrackMove[][]],
): Promise<void> => {
  const [reader] = writers;
  for (let count = 0; count < 2; count++) await append(reader, accepted([], { recipients }));
  const before = await reader.at([1, 2]);
  const progress = { isWriting: true };
  const writing = Promise.all(
    writers.map(async (writer, index) => {
      for (const moves of written[index]!) await commit(writer, { moves });
    }),
  ).finally(() => (progress.isWriting = false));
  let seen = before;
  do {
    const now = await reader.at([1, 2]);
    for (const [index, push] of now.entries()) {
      for (const [to, stands] of push.tracks)
        expect(isFurther(seen[index]!.tracks.get(to)!, stands)).toBe(false);
    }
    seen = now;
    await new Promise((resolve) => setImmediate(resolve));
  } while (progress.isWriting);
  await writing;

  const begun = before.flatMap(({ offset, tracks }) =>
    [...tracks].map(([to, stands]) => ({ push: offset, recipient: to, track: stands })),
  );
  const ends = furthest([...begun, ...written.flat(2)]);
  const pushes = await reader.at([1, 2]);
  for (const { offset, tracks } of pushes) {
    for (const [to, stands] of tracks) {
      expect(isAsFar(stands, ends.get(keyOf({ push: offset, recipient: to }))!)).toBe(true);
    }
  }
  // What is open is counted right, whoever settled it or opened it again.
  const open = pushes.filter(({ tracks }) =>
    [...tracks.values()].some(({ state }) =>
      ['relayed', 'initialized', 'pushed', 'delivered'].includes(state.stage),
    ),
  );
  expect(
    (await listed(reader, { tenant: 'acme', open: true, limit: 9 })).map(({ offset }) => offset),
  ).toEqual(open.map(({ offset }) => offset).toReversed());
};

test('what two writers write to SQLite in turns ends at the furthest, and never goes back', async () => {
  await fc.assert(
    fc.asyncProperty(groups, groups, async (one, other) => {
      const journal = await openSqliteJournal(':memory:', { node: 'relay-1' });
      await writeTogether([journal, journal], [one, other]);
      await journal.close();
    }),
    { numRuns: 50 },
  );
});

describe.runIf(isThere)('in PostgreSQL', () => {
  test('what two processes write at once ends at the furthest, and never goes back', async () => {
    await fc.assert(
      fc.asyncProperty(groups, groups, async (one, other) => {
        const schema = newSchema();
        const writers = [
          await openPostgresJournal({ url: databaseUrl, schema, node: 'relay-1' }),
          await openPostgresJournal({ url: databaseUrl, schema, node: 'relay-2' }),
        ] as const;
        await writeTogether(writers, [one, other]);
        for (const writer of writers) await writer.close();
      }),
      { numRuns: 10 },
    );
  });
});
