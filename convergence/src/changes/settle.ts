import {
  isConflict,
  isMap,
  type Conflict,
  type StoredObject,
  type Value,
  type ValueMap,
} from '@cd-push/timeline';

import { changed, withMember, type ChangeKind, type Hand } from './change.ts';
import { withLine } from './text-edits.ts';
import { textIn, textNames, textValue } from './texts.ts';

interface Place {
  readonly path: readonly string[];
  readonly conflict: Conflict;
}

/** Settles a conflict: by one of its sides, by one that is edited further, or by something new. */
export const settle: ChangeKind = async (content, hand) => {
  const place = hand.draw.pickFrom(placesIn(content.data, []));
  if (place === undefined) return undefined;
  const { value, objects } = await verdictOn(place, hand);
  return changed(content, `settle ${place.path.join('.')}`, {
    data: replaced(content.data, place.path, value),
    objects,
  });
};

const placesIn = (map: ValueMap, path: readonly string[]): readonly Place[] =>
  Object.entries(map).flatMap(([key, value]): readonly Place[] => {
    const here = [...path, key];
    if (isConflict(value)) return [{ path: here, conflict: value }];
    return isMap(value) ? placesIn(value, here) : [];
  });

interface Verdict {
  /** Undefined where nothing shall be left. */
  readonly value: Value | undefined;
  readonly objects: readonly StoredObject[];
}

const verdictOn = async ({ path, conflict }: Place, hand: Hand): Promise<Verdict> => {
  const { draw, token } = hand;
  const side = draw.pick(conflict.sides);
  const kept: Verdict = { value: side === null ? undefined : side, objects: [] };
  if (draw.chance(0.4)) return kept;
  const textName = path.length === 1 ? textNames.find((name) => name === path[0]) : undefined;
  if (textName !== undefined) {
    const text = textIn(side, hand);
    return text === undefined ? kept : textValue(textName, withLine(text, draw, token));
  }
  if (side !== null && isMap(side)) return { value: withMember(side, 'one', token()), objects: [] };
  return { value: token(), objects: [] };
};

const replaced = (map: ValueMap, [key, ...rest]: readonly string[], value: Value | undefined): ValueMap => {
  if (key === undefined) return map;
  const inner = map[key];
  if (rest.length === 0 || inner === undefined || !isMap(inner)) return withMember(map, key, value);
  return withMember(map, key, replaced(inner, rest, value));
};
