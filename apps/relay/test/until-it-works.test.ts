import { expect, it } from 'vitest';

import { untilItWorks } from '../src/until-it-works.ts';
import { KeptLog } from './support/stack.ts';

it('what does not work is tried ever later, up to five seconds apart, and not by all at once', async () => {
  const pauses: number[] = [];
  let tries = 0;
  await untilItWorks(
    async () => {
      tries += 1;
      if (tries <= 40) throw new Error('away');
    },
    'It does not work yet.',
    new KeptLog(),
    undefined,
    async (ms) => void pauses.push(ms),
  );
  expect(tries).toBe(41);
  for (const [index, pause] of pauses.entries()) {
    const bound = Math.min(250 * 2 ** index, 5_000);
    expect(pause).toBeGreaterThanOrEqual(bound / 2);
    expect(pause).toBeLessThanOrEqual(bound);
  }
  expect(new Set(pauses.slice(10)).size).toBeGreaterThan(1);
});

it('each reason is said in one line when it begins, with its cause and without a stack', async () => {
  const log = new KeptLog();
  const reasons = ['refused', 'refused', 'refused', 'too slow', 'too slow', 'refused'];
  await untilItWorks(
    async () => {
      const reason = reasons.shift();
      if (reason !== undefined) throw new Error('The api cannot be reached.', { cause: new Error(reason) });
    },
    'It does not work yet.',
    log,
    undefined,
    async () => {},
  );
  expect(log.lines).toEqual(
    ['refused', 'too slow', 'refused'].map((reason) =>
      JSON.stringify([{ reason: `The api cannot be reached. (${reason})` }, 'It does not work yet.']),
    ),
  );
});

it('who is told to stop does not wait for the pause to end', async () => {
  const stopping = new AbortController();
  const attempts = untilItWorks(
    async () => {
      setImmediate(() => stopping.abort(new Error('stopped')));
      throw new Error('away');
    },
    'It does not work yet.',
    new KeptLog(),
    stopping.signal,
  );
  await expect(attempts).rejects.toThrow('stopped');
});
