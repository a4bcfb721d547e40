import { afterEach, expect, test, vi } from 'vitest';

import { storedBlob, syncLimits } from '../../src/index.ts';
import { ResponderSaga } from '../../src/sync/responder-saga.ts';
import { diverged } from './support/diverged.ts';
import { connection } from './support/memory-pair.ts';

afterEach(() => void vi.restoreAllMocks());

test.each([
  ['with the first turn', 0],
  ['with the last one, when all was checked that was asked for', Number.POSITIVE_INFINITY],
])(
  '[SYNC-31] what the one who answers brings beside what was asked for is refused: %s',
  async (_title, turn) => {
    const { a, b, timeline } = await diverged(1, 3, 1);
    const stray = await storedBlob('a stray');
    const hear = ResponderSaga.prototype.hear;
    let deltas = 0;
    vi.spyOn(ResponderSaga.prototype, 'hear').mockImplementation(async function (
      this: ResponderSaga,
      says,
      cargo,
    ) {
      const said = await hear.call(this, says, cargo);
      if (said.says.stage !== 'delta') return said;
      deltas += 1;
      // One object goes with each turn, so that there are turns after everything has come.
      const isIts = turn === 0 ? deltas === 1 : deltas > 2;
      return isIts ? { ...said, cargo: [...said.cargo, { type: 'object', object: stray }] } : said;
    });
    const { session } = await connection({ space: a, other: b, limits: { ...syncLimits, turnObjects: 1 } });
    const before = a.tip(timeline);
    await expect(session.sync({ timelines: [timeline] }).done).rejects.toMatchObject({
      problem: { kind: 'bad-object', resource: stray.address },
    });
    expect([a.get(stray.address), a.tip(timeline), b.get(stray.address)]).toEqual([
      undefined,
      before,
      undefined,
    ]);
    expect(deltas).toBeGreaterThan(turn === 0 ? 0 : 2);
  },
);
