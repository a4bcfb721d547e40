import { ok, pointerPart, refuse, type Result } from '@cd-push/protocol';

import { readAddress, type Address } from '../objects/address.ts';
import { isMembers, type Members } from '../objects/members.ts';
import type { Fault } from '../objects/object-problem.ts';
import { readMap } from '../objects/read-value.ts';
import type { ValueMap } from '../objects/value.ts';
import { constantKind, frameKind, type Constant, type Frame, type Links, type MergeFacts } from './frame.ts';

/** A frame as its members say it, by itself: whether it follows from its parents, `frameFault` says. */
export const readFrame = (members: Members, found: Set<Address>): Result<Frame, Fault> => {
  const { kind: _kind, timeline, height, parents, data, links, merge, ...more } = members;
  const foreign = Object.keys(more)[0];
  if (foreign !== undefined) return misfit(`/${foreign}`, 'A frame has no such member.');
  const body = readBody(data, links, found);
  if (!body.ok) return body;
  const named = readAddresses(parents, '/parents', found);
  if (!named.ok) return named;
  if (timeline === null) return readGenesis(height, named.value, merge, body.value);

  if (!isObjectAddress(timeline)) return misfit('/timeline', 'A timeline is named by its first frame.');
  found.add(timeline);
  if (typeof height !== 'number' || !Number.isSafeInteger(height) || height < 1) {
    return misfit('/height', 'A frame after the first is at least at height 1.');
  }
  const [first, second, third] = named.value;
  if (first === undefined || third !== undefined)
    return misfit('/parents', 'A frame has one parent, or two.');
  if (!named.value.every(isObjectAddress)) return misfit('/parents', 'A parent is a frame.');
  const frame = { kind: frameKind, timeline, height, ...body.value } as const;
  if (second === undefined) {
    return merge === undefined
      ? ok({ ...frame, parents: [first] })
      : misfit('/merge', 'A frame with one parent merges nothing.');
  }
  const facts = readMerge(merge, [first, second], found);
  return facts.ok ? ok({ ...frame, parents: [first, second], merge: facts.value }) : facts;
};

/** A constant as its members say it. */
export const readConstant = (members: Members, found: Set<Address>): Result<Constant, Fault> => {
  const { kind: _kind, data, links, ...more } = members;
  const foreign = Object.keys(more)[0];
  if (foreign !== undefined) {
    return refuse({ kind: 'bad-object', path: `/${foreign}`, detail: 'A constant has no such member.' });
  }
  const body = readBody(data, links, found);
  return body.ok ? ok({ kind: constantKind, ...body.value }) : body;
};

interface Body {
  readonly data: ValueMap;
  readonly links: Links;
}

const readGenesis = (
  height: unknown,
  parents: readonly Address[],
  merge: unknown,
  body: Body,
): Result<Frame, Fault> => {
  if (height !== 0) return misfit('/height', 'The first frame of a timeline is at height 0.');
  if (parents.length > 0) return misfit('/parents', 'The first frame of a timeline has no parents.');
  if (merge !== undefined) return misfit('/merge', 'The first frame of a timeline merges nothing.');
  return ok({ kind: frameKind, timeline: null, height: 0, parents: [], ...body });
};

const readBody = (data: unknown, links: unknown, found: Set<Address>): Result<Body, Fault> => {
  const values = readMap(data, '/data', found);
  if (!values.ok) return values;
  const relations = readLinks(links, found);
  return relations.ok ? ok({ data: values.value, links: relations.value }) : relations;
};

const readLinks = (links: unknown, found: Set<Address>): Result<Links, Fault> => {
  if (!isMembers(links)) return misfit('/links', 'Relations are lists of addresses by name.');
  const read: Record<string, readonly Address[]> = {};
  for (const [name, list] of Object.entries(links)) {
    const path = `/links/${pointerPart(name)}`;
    const addresses = readAddresses(list, path, found);
    if (!addresses.ok) return addresses;
    if (addresses.value.length === 0) return misfit(path, 'A relation to nothing is left out.');
    read[name] = addresses.value;
  }
  return ok(read);
};

const readMerge = (
  merge: unknown,
  [first, second]: readonly [Address, Address],
  found: Set<Address>,
): Result<MergeFacts, Fault> => {
  if (!isMembers(merge)) return misfit('/merge', 'A frame with two parents says how they were merged.');
  const { base, graftbase, graftorphan, algorithm, syntax, ...more } = merge;
  const foreign = Object.keys(more)[0];
  if (foreign !== undefined) return misfit(`/merge/${foreign}`, 'A merge has no such member.');
  const bases = readAddresses(base, '/merge/base', found);
  if (!bases.ok) return bases;
  if (bases.value.length === 0)
    return misfit('/merge/base', 'Frames of one timeline have an ancestor in common.');
  const isFirst = graftbase === first && graftorphan === second;
  if (!isFirst && !(graftbase === second && graftorphan === first)) {
    return misfit('/merge', 'One parent is grafted onto the other.');
  }
  if (typeof algorithm !== 'string') return misfit('/merge/algorithm', 'A merge names its algorithm.');
  if (typeof syntax !== 'string' && syntax !== null) {
    return misfit('/merge/syntax', 'A merge names the parsers that judged it, or null.');
  }
  const [onto, grafted] = isFirst ? [first, second] : [second, first];
  return ok({ base: bases.value, graftbase: onto, graftorphan: grafted, algorithm, syntax });
};

/** Addresses in their order, none twice. */
const readAddresses = (
  list: unknown,
  path: string,
  found: Set<Address>,
): Result<readonly Address[], Fault> => {
  if (!Array.isArray(list)) return misfit(path, 'This is no list of addresses.');
  const items: readonly unknown[] = list;
  const read: Address[] = [];
  for (const [index, item] of items.entries()) {
    const address = typeof item === 'string' ? readAddress(item)?.address : undefined;
    if (address === undefined) return misfit(`${path}/${index}`, 'This is no address.');
    const before = read.at(-1);
    if (before !== undefined && before >= address) {
      return misfit(`${path}/${index}`, 'Addresses are sorted, and none stands twice.');
    }
    read.push(address);
    found.add(address);
  }
  return ok(read);
};

const isObjectAddress = (value: unknown): value is Address =>
  typeof value === 'string' && readAddress(value)?.codec === 'json';

const misfit = (path: string, detail: string): Result<never, Fault> =>
  refuse({ kind: 'bad-frame', path, detail });
