import type { Address } from '@cd-push/timeline';

import type { Token } from '../tokens/occurrences.ts';

/** One change of one timeline, made by one replica and committed there. */
export interface Edit {
  /** From 0 on, in the order in which they were committed anywhere. */
  readonly id: number;
  readonly replica: string;
  readonly timeline: Address;
  readonly frame: Address;
  /** Edits that the frame held on which it was made, as bits. */
  readonly saw: bigint;
  readonly adds: readonly Token[];
  readonly removes: readonly Token[];
  /** Whether it brought back what there was before. */
  readonly isUndo: boolean;
  /** For people. */
  readonly what: string;
}

export const bitOf = (id: number): bigint => 1n << BigInt(id);
export const hasSeen = (saw: bigint, id: number): boolean => (saw & bitOf(id)) !== 0n;
