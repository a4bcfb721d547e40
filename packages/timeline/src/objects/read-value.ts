import { ok, pointerPart, refuse, type Result } from '@cd-push/protocol';

import { conflictKind, isConflict, type Conflict } from '../frames/conflict.ts';
import type { Address } from './address.ts';
import { canonicalText } from './canonical.ts';
import { isMembers, type Members } from './members.ts';
import type { Fault } from './object-problem.ts';
import { isLink, type ValueMap } from './value.ts';

/**
 * Reads decoded JSON as a map of values. How deep it is nested was bounded before.
 *
 * @param found gets every address that it links to, wherever in it.
 */
export const readMap = (value: unknown, path: string, found: Set<Address>): Result<ValueMap, Fault> => {
  if (!isMembers(value) || Object.hasOwn(value, '/')) return refuse(bad(path, 'This is no map.'));
  const fault = memberFault(value, path, found);
  if (fault !== undefined) return refuse(fault);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every member was looked at
  return ok(value as ValueMap);
};

/** The same of a conflict that is an object of its own. */
export const readConflict = (members: Members, found: Set<Address>): Result<Conflict, Fault> => {
  const map = readMap(members, '', found);
  if (!map.ok) return map;
  return isConflict(map.value) ? ok(map.value) : refuse(bad('', 'This is no conflict.'));
};

/**
 * The first thing in decoded JSON that is no value: a number with more than one spelling elsewhere, something that looks
 * like a link or a conflict and is none.
 */
const valueFault = (value: unknown, path: string, found: Set<Address>): Fault | undefined => {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined;
  if (isMembers(value)) return memberFault(value, path, found);
  if (Array.isArray(value)) return itemFault(value, path, found);
  return Number.isSafeInteger(value) ? undefined : bad(path, 'Numbers are safe integers.');
};

const itemFault = (items: readonly unknown[], path: string, found: Set<Address>): Fault | undefined => {
  for (const [index, item] of items.entries()) {
    const fault = valueFault(item, `${path}/${index}`, found);
    if (fault !== undefined) return fault;
  }
  return undefined;
};

const memberFault = (members: Members, path: string, found: Set<Address>): Fault | undefined => {
  if (Object.hasOwn(members, '/')) {
    if (!isLink(members)) return bad(path, 'A link has the one member "/", which is an address.');
    found.add(members['/']);
    return undefined;
  }
  if (typeof members['toJSON'] === 'function') return bad(path, 'This is not what it would be written as.');
  for (const [key, member] of Object.entries(members)) {
    const fault = valueFault(member, `${path}/${pointerPart(key)}`, found);
    if (fault !== undefined) return fault;
  }
  return members['kind'] === conflictKind ? conflictFault(members, path) : undefined;
};

const conflictFault = (members: Members, path: string): Fault | undefined => {
  const { base, sides, kind: _kind, ...more } = members;
  if (base === undefined || !Array.isArray(sides) || Object.keys(more).length > 0) {
    return bad(path, 'A conflict has a base and sides, and nothing else.');
  }
  const spellings = sides.map((side) => canonicalText(side));
  const isSorted = spellings.every((one, index) => index === 0 || (spellings[index - 1] ?? '') < one);
  return spellings.length >= 2 && isSorted
    ? undefined
    : bad(path, 'The sides of a conflict are at least two, in their order, none twice.');
};

const bad = (path: string, detail: string): Fault => ({ kind: 'bad-object', path, detail });
