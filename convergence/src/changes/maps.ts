import { isConflict, isMap, type Value, type ValueMap } from '@cd-push/timeline';

import type { Draw } from '../draw/draw.ts';
import { changed, withMember, type ChangeKind } from './change.ts';

const name = 'meta';
const keys = ['one', 'two', 'three'] as const;
/** Maps in maps in a map. */
const deepest = 3;

const isPlainMap = (value: Value | undefined): value is ValueMap =>
  value !== undefined && isMap(value) && !isConflict(value);

/** Sets a member somewhere in nested maps, which are made on the way. */
export const setKey: ChangeKind = (content, { draw, token }) => {
  const path = [name, ...Array.from({ length: draw.between(1, deepest) }, () => draw.pick(keys))];
  const value = token();
  const data = placed(content.data, path, value);
  return data === undefined ? undefined : changed(content, `${path.join('.')} = ${value}`, { data });
};

export const deleteKey: ChangeKind = (content, { draw }) => {
  const path = pathIn(content.data, draw);
  const data = path === undefined ? undefined : placed(content.data, path, undefined);
  return data === undefined ? undefined : changed(content, `delete ${path?.join('.')}`, { data });
};

/** A map becomes a single value, with everything in it gone. */
export const replaceMap: ChangeKind = (content, { draw, token }) => {
  const path = pathIn(content.data, draw);
  const value = token();
  const data = path === undefined ? undefined : placed(content.data, path, value);
  return data === undefined ? undefined : changed(content, `${path?.join('.')} = ${value}`, { data });
};

/** A place that is there, as deep as the draw says. */
const pathIn = (data: ValueMap, draw: Draw): readonly string[] | undefined => {
  let value = data[name];
  if (value === undefined || isConflict(value)) return undefined;
  const path: string[] = [name];
  while (isPlainMap(value) && draw.chance(0.8)) {
    const key: string | undefined = draw.pickFrom(Object.keys(value));
    if (key === undefined) break;
    path.push(key);
    value = value[key];
  }
  return path;
};

/** Undefined where the way leads through a conflict, or ends in one. What is no map on the way becomes one. */
const placed = (
  map: ValueMap,
  [key, ...rest]: readonly string[],
  value: Value | undefined,
): ValueMap | undefined => {
  if (key === undefined) return undefined;
  const before = map[key];
  if (before !== undefined && isConflict(before)) return undefined;
  if (rest.length === 0) return withMember(map, key, value);
  const inner = placed(isPlainMap(before) ? before : {}, rest, value);
  return inner === undefined ? undefined : withMember(map, key, inner);
};
