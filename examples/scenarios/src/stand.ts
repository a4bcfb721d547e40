import {
  canonicalText,
  isConflict,
  isLink,
  isMap,
  loadFrame,
  walk,
  type Address,
  type FrameObject,
  type ScenarioPair,
  type Side,
  type SituationRun,
  type Space,
  type Value,
  type ValueMap,
} from '@cd-push/timeline';

import type { FrameView, HistoryView, StandView } from './view.ts';

/** Frames of one timeline that are shown at a side; of a longer history, the latest and the first. */
const shown = 9;

/** How both sides stand, as far as it is spoken of. */
export const standOf = async ({ spaces }: ScenarioPair, run: SituationRun): Promise<StandView> => {
  const names = new Map([...run.timelines].map(([name, timeline]) => [timeline, name]));
  const history = (side: Side, timeline: Address): Promise<HistoryView> =>
    historyOf(spaces[side], spaces[side === 'a' ? 'b' : 'a'], timeline, names);
  return {
    timelines: await Promise.all(
      [...run.timelines].map(async ([name, timeline]) => ({
        name,
        sides: { a: await history('a', timeline), b: await history('b', timeline) },
      })),
    ),
    constants: await Promise.all(
      [...run.constants].map(async ([name, address]) => ({
        name,
        sides: { a: await isIn(spaces.a, address), b: await isIn(spaces.b, address) },
      })),
    ),
  };
};

const isIn = async (space: Space, address: Address): Promise<boolean> =>
  (await space.has([address])).has(address);

const historyOf = async (
  space: Space,
  other: Space,
  timeline: Address,
  names: ReadonlyMap<Address, string>,
): Promise<HistoryView> => {
  const tip = await space.tip(timeline);
  if (tip === undefined) return { frames: [], leftOut: 0 };
  const all: FrameObject[] = [];
  for await (const frame of walk(space, [tip])) all.push(frame);
  const shared = await other.has(all.map(({ address }) => address));
  const seen = all.length <= shown ? all : [...all.slice(0, shown - 1), ...all.slice(-1)];
  const frames = await Promise.all(
    seen.map(async (frame): Promise<FrameView> => {
      const { address, height } = frame;
      return {
        address,
        height,
        parents: frame.frame.parents,
        label: await labelOf(space, frame, names),
        isMerge: frame.frame.parents.length > 1,
        hasConflict: holdsConflict(frame.frame.data),
        isShared: shared.has(address),
      };
    }),
  );
  return { frames, leftOut: all.length - seen.length };
};

const labelOf = async (
  space: Space,
  { frame }: FrameObject,
  names: ReadonlyMap<Address, string>,
): Promise<string> => {
  if (frame.timeline === null) return 'begins';
  const [first] = frame.parents;
  const before =
    frame.parents.length === 1 && first !== undefined ? (await loadFrame(space, first)).frame : undefined;
  const data = before?.timeline === null ? {} : (before?.data ?? {});
  const changes = Object.entries(frame.data).filter(
    ([key, value]) => canonicalText(value) !== canonicalText(data[key] ?? null),
  );
  const related = Object.entries(frame.links)
    .filter(([name, links]) => links.some((address) => !(before?.links[name] ?? []).includes(address)))
    .map(async ([name, links]) => `${name} ${await timelinesOf(space, links, names)}`);
  const words = [...changes.map(([key, value]) => `${key} ${said(value)}`), ...(await Promise.all(related))];
  return words.length === 0 ? 'no change' : words.join(', ');
};

const timelinesOf = async (
  space: Space,
  links: readonly Address[],
  names: ReadonlyMap<Address, string>,
): Promise<string> => {
  const found = await Promise.all(
    links.map(async (address) => names.get((await loadFrame(space, address)).timeline) ?? address.slice(-6)),
  );
  return found.join(' and ');
};

const said = (value: Value): string => {
  if (isConflict(value)) return 'in conflict';
  return `= ${spelled(value)}`;
};

const spelled = (value: Value): string => {
  if (isLink(value)) return `…${value['/'].slice(-6)}`;
  if (typeof value !== 'string') return canonicalText(value);
  const line = value.trimEnd().replaceAll(/\n+/g, ' ¶ ');
  return line.length > 42 ? `“${line.slice(0, 40)}…”` : `“${line}”`;
};

const holdsConflict = (data: ValueMap): boolean =>
  Object.values(data).some((value) => isConflict(value) || (isMap(value) && holdsConflict(value)));
