import type { BitCoder } from './bit-coder.ts';

/**
 * A delta is a sequence of steps: a byte of its own, or a copy of bytes that stand in the base or were made before. How long
 * the result is, is known from elsewhere, so nothing marks the end.
 *
 * Each step begins with a bit, whether it is a copy, in the context of how many bytes of its own came right before (0 to 3).
 */
export const isCopy = 0;

/** A byte, its highest bit first, each in the context of those before it. */
const ownByte = 4;

/** Where a copy is from; two bits, in the context of how many bytes of its own came right before. */
const source = ownByte + 256;
export const sources = {
  /** Right behind what was copied from the base last: something was inserted. */
  behind: 0,
  /** As many bytes behind that as were made since: something was replaced by as much. */
  beside: 1,
  /** Anywhere in the base: how far from right behind, 2n forward and 2n - 1 back. */
  base: 2,
  /** What was made before, and how far back less one. It may reach into what it makes itself. */
  made: 3,
} as const;

/** Contexts of numbers: how many bits a number has. */
const numberSize = 32;
export const fromBase = source + 4 * 4;
export const fromMade = fromBase + numberSize;
/** Lengths less one, by their source. */
const lengths = fromMade + numberSize;
export const contexts = lengths + 4 * numberSize;

export const lengthFrom = (from: number): number => lengths + from * numberSize;

/** Steps without a copy that make a difference to what comes next. */
export const recent = (ownBytes: number): number => Math.min(ownBytes, 3);

export const codeByte = (coder: BitCoder, byte: number): number => codeTree(coder, ownByte, 8, byte);

export const codeSource = (coder: BitCoder, ownBytes: number, from: number): number =>
  codeTree(coder, source + recent(ownBytes) * 4, 2, from);

/** A number from 0 up: how many bits its successor has, which is learned, and these bits but for the first. */
export const codeNumber = (coder: BitCoder, table: number, value: number): number => {
  const successor = value + 1;
  const bits = codeTree(coder, table, 5, 31 - Math.clz32(successor));
  let coded = 1;
  for (let bit = bits - 1; bit >= 0; bit -= 1) coded = coded * 2 + coder.evenBit((successor >>> bit) & 1);
  return coded - 1;
};

const codeTree = (coder: BitCoder, table: number, bits: number, value: number): number => {
  let node = 1;
  for (let bit = bits - 1; bit >= 0; bit -= 1) node = node * 2 + coder.bit(table + node, (value >>> bit) & 1);
  return node - 2 ** bits;
};
