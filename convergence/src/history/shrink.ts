import type { Engine } from '../engine/engine.ts';
import type { Plan, Step } from '../plan/plan.ts';
import { runHistory } from './run-history.ts';

/**
 * The steps that it takes for a history to fail: those up to the one with which it does, without those that can be left out.
 * Undefined where it does not fail.
 */
export const shrink = async (plan: Plan, engine: Engine): Promise<Plan | undefined> => {
  const isFailing = async (steps: readonly Step[]): Promise<boolean> =>
    (await runHistory({ ...plan, steps }, engine)).findings.length > 0;

  let length = 0;
  while (!(await isFailing(plan.steps.slice(0, length)))) {
    if (length === plan.steps.length) return undefined;
    length += 1;
  }
  let steps = plan.steps.slice(0, length);
  for (const step of steps.toReversed()) {
    const others = steps.filter((other) => other !== step);
    if (await isFailing(others)) steps = others;
  }
  return { ...plan, steps };
};
