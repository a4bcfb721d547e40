import { afterEach, expect, test, vi } from 'vitest';

import { storedBlob, syncLimits, type StoredObject } from '../../src/index.ts';
import { ResponderSaga } from '../../src/sync/responder-saga.ts';
import { diverged } from './support/diverged.ts';
import { connection } from './support/memory-pair.ts';

afterEach(() => void vi.restoreAllMocks());

/** A saga of two that have diverged, whose responder brings a stray with one of its deltas; one object goes with each turn. */
const play = async (stray: StoredObject, strayAt: number | undefined) => {
  const { a, b, timeline } = await diverged(1, 3, 1);
  // oxlint-disable-next-line typescript/unbound-method -- called below with the saga that it is of
  const { hear } = ResponderSaga.prototype;
  let deltas = 0;
  vi.spyOn(ResponderSaga.prototype, 'hear').mockImplementation(async function (
    this: ResponderSaga,
    ...heard
  ) {
    const said = await hear.apply(this, heard);
    if (said.says.stage !== 'delta') return said;
    deltas += 1;
    return deltas === strayAt ? { ...said, cargo: [...said.cargo, { type: 'object', object: stray }] } : said;
  });
  const { session } = await connection({ space: a, other: b, limits: { ...syncLimits, turnObjects: 1 } });
  const before = a.tip(timeline);
  const done = session.sync({ timelines: [timeline] }).done;
  const ended = await done.then(
    () => 'synced',
    (error: unknown) => error,
  );
  vi.restoreAllMocks();
  return { ended, deltas, hasMoved: a.tip(timeline) !== before, kept: a.get(stray.address) };
};

test('[SYNC-31] what the one who answers brings beside what was asked for is refused, with whatever turn it comes', async () => {
  const stray = await storedBlob('a stray');
  const { ended, deltas } = await play(stray, undefined);
  expect(ended).toBe('synced');
  // The last of them comes after all that was asked for was checked and merged.
  for (let strayAt = 1; strayAt <= deltas; strayAt += 1) {
    expect(await play(stray, strayAt)).toMatchObject({
      ended: { problem: { kind: 'bad-object', resource: stray.address } },
      hasMoved: false,
      kept: undefined,
    });
  }
});
