import { openSqliteJournal } from '@cd-push/store';
import { expect, it } from 'vitest';

import { ManualClock } from './support/manual-clock.ts';
import { Stack } from './support/stack.ts';
import { watched } from './support/watched-store.ts';

/** Counts what a relay does by itself. */
class CountingClock extends ManualClock {
  calls = 0;

  override after(ms: number, callback: () => void): () => void {
    return super.after(ms, () => {
      this.calls += 1;
      callback();
    });
  }
}

/** What a relay does in ten minutes in which none of its runtimes says anything. */
const workOf = async (runtimes: number): Promise<{ calls: number; commits: number }> => {
  const clock = new CountingClock();
  let commits = 0;
  const store = watched(await openSqliteJournal(':memory:', { node: 'idle' }), (_, commit) => {
    commits += 1;
    return commit();
  });
  const stack = await Stack.start({ clock, journal: store });
  for (let count = 0; count < runtimes; count += 1) await stack.runtime();
  // What their hellos led to is over.
  clock.advance(120_000);
  const before = { calls: clock.calls, commits };
  clock.advance(600_000);
  // Whatever that has set going is done before this is answered.
  await fetch(`${stack.url}/readyz`);
  return { calls: clock.calls - before.calls, commits: commits - before.commits };
};

it('a relay does nothing periodic for a runtime that is silent', async () => {
  const few = await workOf(1);
  const many = await workOf(30);
  expect(many.calls).toBe(few.calls);
  expect(few.calls).toBeGreaterThan(0);
  expect(many.commits).toBe(0);
});
