import { isConflict, type Value } from '@cd-push/timeline';

import { changed, withMember, type ChangeKind } from './change.ts';

/** Few, so that the same are edited at the same time. */
const names = ['title', 'owner', 'state'] as const;
const listName = 'tags';
const longestList = 3;

const isSettled = (value: Value | undefined): boolean => value === undefined || !isConflict(value);

/** Gives a field a value; there is always one that can be given one, or a conflict in it be settled. */
export const setField: ChangeKind = (content, { draw, token }) => {
  const free = names.filter((name) => isSettled(content.data[name]));
  const name = draw.pick(free.length > 0 ? free : names);
  const value = token();
  return changed(content, `${name} = ${value}`, { data: withMember(content.data, name, value) });
};

export const deleteField: ChangeKind = (content, { draw }) => {
  const there = [...names, listName].filter(
    (name) => content.data[name] !== undefined && isSettled(content.data[name]),
  );
  const name = draw.pickFrom(there);
  return name === undefined
    ? undefined
    : changed(content, `delete ${name}`, { data: withMember(content.data, name, undefined) });
};

/** A list is a value like another: it is replaced. */
export const setList: ChangeKind = (content, { draw, token }) => {
  if (!isSettled(content.data[listName])) return undefined;
  const list = Array.from({ length: draw.between(1, longestList) }, token);
  return changed(content, `${listName} = [${list.join(' ')}]`, {
    data: withMember(content.data, listName, list),
  });
};
