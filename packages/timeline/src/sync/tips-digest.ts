import type { Digest } from '@cd-push/protocol';

import { digestOf } from '../crypto/digest.ts';
import type { Address } from '../objects/address.ts';

/** Tips by timeline; undefined where there is none. */
export type Tips = ReadonlyMap<Address, Address | undefined>;

/** One text over tips and over which of some constants are there: the same at two sides that have the same. */
export const digestOfTips = async (tips: Tips, constants: ReadonlySet<Address>): Promise<Digest> =>
  digestOf([...lines(tips), ...[...constants].toSorted()].join('\n'));

/** Above so many timelines, buckets of them are compared before their tips. */
const comparedAtOnce = 64;

/** Into how many buckets so many timelines fall: about as many as each has timelines; 1 where they are compared at once. */
export const bucketCountOf = (timelines: number): number =>
  timelines <= comparedAtOnce ? 1 : 2 ** Math.ceil(Math.log2(timelines) / 2);

/** A digest over the tips of each bucket, cut to 128 bits: two that differ are alike by chance in no time that matters. */
export const bucketDigests = async (tips: Tips, count: number): Promise<readonly string[]> => {
  const buckets = Array.from({ length: count }, () => new Map<Address, Address | undefined>());
  for (const [timeline, tip] of tips) buckets[bucketOf(timeline, count)]?.set(timeline, tip);
  return Promise.all(
    buckets.map(async (bucket) =>
      (await digestOf(lines(bucket).join('\n'))).slice(digestPrefix, digestPrefix + 22),
    ),
  );
};

const digestPrefix = 'sha256-'.length;

/** An address ends in what is a digest's, and therefore evenly spread. */
export const bucketOf = (timeline: Address, count: number): number => {
  let number = 0;
  // Six letters of base32 before the last, which has few bits: 30 bits.
  for (const letter of timeline.slice(-7, -1)) number = number * 32 + letters.indexOf(letter);
  return number % count;
};

const letters = 'abcdefghijklmnopqrstuvwxyz234567';

const lines = (tips: Tips): string[] =>
  [...tips].map(([timeline, tip]) => `${timeline} ${tip ?? '-'}`).toSorted();
