import type { Event } from '../history/event.ts';
import type { HistoryView, PushStory, RuntimeStory } from './history-view.ts';

/**
 * How long it took, from the moment when everything worked again, until what had been accepted before that moment took
 * effect at those who lacked it: the 99th percentile over all of them, in milliseconds, 0 where nobody lacked anything.
 */
export const catchUpP99Ms = (events: readonly Event[], view: HistoryView): number => {
  const healed = events
    .filter(({ kind }) => kind === 'healed')
    .map((event) => event.machineMs)
    .toSorted((a, b) => a - b);
  const first = new Map(
    [...view.runtimes.values()].map((runtime) => [runtime.credential, firstEffects(runtime)]),
  );
  const took: number[] = [];
  for (const story of view.pushes.values()) {
    for (const credential of story.recipients) {
      const effectAt = first.get(credential)?.get(story.push);
      if (effectAt !== undefined) took.push(...waitsOf(story, effectAt, healed));
    }
  }
  took.sort((a, b) => a - b);
  return Math.round(took[Math.max(0, Math.ceil(took.length * 0.99) - 1)] ?? 0);
};

/** Time since the first moment of healing after the acceptance, where the effect had to wait for it. */
const waitsOf = ({ accepted }: PushStory, effectAt: number, healed: readonly number[]): number[] => {
  if (accepted === undefined) return [];
  const since = healed.find((at) => at >= accepted.machineMs);
  return since === undefined || effectAt <= since ? [] : [effectAt - since];
};

const firstEffects = ({ lives, heard }: RuntimeStory): Map<string, number> => {
  const first = new Map<string, number>();
  for (const { push, machineMs } of [...lives.flatMap(({ effects }) => effects), ...heard]) {
    if (!first.has(push)) first.set(push, machineMs);
  }
  return first;
};
