import type { Links } from '../frames/frame.ts';
import type { Address } from '../objects/address.ts';

/**
 * Relations are sets: what one side added is there, what one side took away is not. There is no conflict between them. Names
 * and addresses are put in order by whoever makes a frame of them.
 */
export const mergeLinks = (base: Links, ours: Links, theirs: Links): Links =>
  Object.fromEntries(
    [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].map((name) => {
      const [before, one, other] = [setOf(base, name), setOf(ours, name), setOf(theirs, name)];
      const stays = (address: Address): boolean =>
        before.has(address) ? one.has(address) && other.has(address) : true;
      return [name, [...new Set([...one, ...other])].filter(stays)] as const;
    }),
  );

const setOf = (links: Links, name: string): ReadonlySet<Address> =>
  new Set(Object.hasOwn(links, name) ? links[name] : []);
