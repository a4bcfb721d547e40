import type { Finding } from './finding.ts';
import type { HistoryView, PushStory, RuntimeStory } from './history-view.ts';
import type { Places } from './places.ts';

/**
 * Accepted pushes that a recipient has nothing of: no effect of its own, none of a later push of the same files, and no
 * end that its sender was told for a reason that lies with the push or with a program that was killed.
 *
 * @returns the findings, and how many deliveries were looked at.
 */
export const lostIn = (view: HistoryView, places: Places): { findings: Finding[]; checked: number } => {
  const findings: Finding[] = [];
  let checked = 0;
  for (const story of view.pushes.values()) {
    const { accepted, push } = story;
    if (accepted === undefined) continue;
    for (const credential of story.recipients) {
      const runtime = view.runtimes.get(credential);
      if (runtime === undefined) continue;
      checked += 1;
      const what = whatIsMissing(story, runtime, view, places);
      if (what !== undefined) findings.push({ count: 'lost', push, runtime: runtime.name, what });
    }
  }
  return { findings, checked };
};

const whatIsMissing = (
  story: PushStory,
  runtime: RuntimeStory,
  view: HistoryView,
  places: Places,
): string | undefined => {
  if (story.absent !== undefined) return 'was accepted, and the relay does not know it';
  if (story.invoke?.carries !== 'patch') return missingMessage(story, runtime, view);
  const missing = story.invoke.resources.filter(
    (resource) => !places.isCovered(runtime, resource, story.push),
  );
  if (missing.length === 0) return gapAtTheEnd(story, runtime, places);
  if (isRightlyExpired(story, runtime, view)) return undefined;
  return `had no effect on ${missing.join(', ')}; ${toldOf(story, runtime)}`;
};

/** The program may have gone back to an older version after the effect. */
const gapAtTheEnd = (
  { invoke, push }: PushStory,
  { final }: RuntimeStory,
  places: Places,
): string | undefined => {
  if (final === undefined || invoke === undefined) return undefined;
  const behind = invoke.resources.find((resource) => places.isBefore(final[resource] ?? null, push));
  return behind === undefined
    ? undefined
    : `took effect, and at the end ${behind} is that of ${final[behind] ?? 'the base'}, which is older`;
};

const missingMessage = (story: PushStory, runtime: RuntimeStory, view: HistoryView): string | undefined => {
  if (runtime.heard.some(({ push }) => push === story.push)) return undefined;
  if (isRightlyExpired(story, runtime, view)) return undefined;
  const track = story.tracks.get(runtime.credential);
  // A message has effects outside, so a program that died in the middle of it must not repeat it; its sender is told.
  if (track?.stage === 'failed' && track.problem === 'crashed') return undefined;
  return `was not heard; ${toldOf(story, runtime)}`;
};

/** Whether its time to deliver had come by any clock, and its sender was told so. */
const isRightlyExpired = (
  { invoke, tracks }: PushStory,
  { credential }: RuntimeStory,
  { latestClock }: HistoryView,
): boolean =>
  tracks.get(credential)?.stage === 'expired' &&
  invoke !== undefined &&
  invoke.deliverBy !== null &&
  invoke.deliverBy <= latestClock;

const toldOf = ({ tracks }: PushStory, { credential }: RuntimeStory): string => {
  const track = tracks.get(credential);
  if (track === undefined) return 'nobody was told of its track';
  const why = track.problem === undefined ? '' : ` (${track.problem})`;
  return `its track says ${track.stage}${why} in attempt ${track.attempt}`;
};
