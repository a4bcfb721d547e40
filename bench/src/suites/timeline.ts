import { figureOf, sizeOf } from '../report/figure.ts';
import { median } from '../statistics/median.ts';
import { Rounds, type Variant } from '../statistics/rounds.ts';
import { LongHistory } from '../timeline/long-history.ts';
import { makeSignedPush } from '../timeline/signed-push.ts';
import type { Suite } from './suite.ts';

const contentBytes = 1024;
const lowHeight = 10;

type Task = () => Promise<void> | void;

/**
 * What a timeline costs by itself, without a wire: to sign and to verify one push against the signatures in it alone, to save
 * upon a long history against a short one, and to walk it.
 */
export const timeline: Suite = async ({ quick, tell }) => {
  const highHeight = quick ? 10_000 : 100_000;
  const samples = quick ? 200 : 500;
  tell(`histories of ${lowHeight} and ${highHeight} frames`);
  const push = await makeSignedPush(contentBytes);
  const high = await LongHistory.of(highHeight);
  let low = await LongHistory.of(lowHeight);
  const shorten = async (): Promise<void> => {
    if (low.height > 2 * lowHeight) low = await LongHistory.of(lowHeight);
  };
  const timed = async (task: Task, before: Task): Promise<number> => {
    const times: number[] = [];
    for (let sample = 0; sample < samples; sample += 1) {
      await before();
      const startedAt = performance.now();
      await task();
      times.push((performance.now() - startedAt) * 1000);
    }
    return median(times);
  };
  const measure =
    (name: string, task: Task, before: Task = () => undefined): Variant =>
    async () => ({ [name]: await timed(task, before) });
  const pairs = [
    ['sign, µs', 'signature, µs'],
    ['verify, µs', 'two verifications, µs'],
    ['save upon many, µs', 'save upon few, µs'],
  ] as const;
  tell('sign, verify, save');
  // What is compiled while it runs is not what is measured.
  for (const task of [push.sign, push.verify]) for (let run = 0; run < samples; run += 1) await task();
  const rounds = await Rounds.run(
    [
      measure('sign, µs', push.sign),
      measure('signature, µs', push.signBare),
      measure('verify, µs', push.verify),
      measure('two verifications, µs', push.verifyBare),
      measure('save upon many, µs', () => high.save()),
      measure('save upon few, µs', () => low.save(), shorten),
    ],
    { fewest: 5, most: quick ? 9 : 41, until: pairs },
  );
  tell('walk');
  const walks = [await high.walk(), await high.walk()];
  /** Of the medians of all rounds. */
  const worst = (name: string): number => Math.max(...rounds.values(name));
  return {
    figures: [
      figureOf('timeline.sign', rounds.ratio('sign, µs', 'signature, µs'), {
        note: 'against one Ed25519 signature on as many bytes',
      }),
      sizeOf('timeline.sign.ms', worst('sign, µs') / 1000, 'ms'),
      figureOf('timeline.verify', rounds.ratio('verify, µs', 'two verifications, µs'), {
        note: 'against the two Ed25519 verifications in it',
      }),
      sizeOf('timeline.verify.ms', worst('verify, µs') / 1000, 'ms'),
      figureOf('timeline.append', rounds.ratio('save upon many, µs', 'save upon few, µs'), {
        note: `at height ${highHeight} against ${lowHeight}`,
      }),
      sizeOf('timeline.walk.heap', Math.max(...walks) / 1e6, 'MB'),
    ],
    details: { ...rounds.summary(), 'heap while walking, bytes': walks },
  };
};
