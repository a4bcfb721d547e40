import { pointerPart } from '@cd-push/protocol';

import { isConflict } from '../frames/conflict.ts';
import { isMap, type Value, type ValueMap } from '../objects/value.ts';

/** Where in a frame's data something is in conflict, as JSON pointers into the data. A frame with none may be pushed. */
export const conflictPaths = (data: ValueMap): readonly string[] => {
  const paths: string[] = [];
  const waiting: { readonly value: Value; readonly path: string }[] = [{ value: data, path: '' }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { value, path } = next;
    if (isConflict(value)) {
      paths.push(path);
    } else if (Array.isArray(value)) {
      const items: readonly Value[] = value;
      for (const [index, item] of items.entries()) waiting.push({ value: item, path: `${path}/${index}` });
    } else if (isMap(value)) {
      for (const [key, member] of Object.entries(value)) {
        waiting.push({ value: member, path: `${path}/${pointerPart(key)}` });
      }
    }
  }
  return paths.toSorted();
};
