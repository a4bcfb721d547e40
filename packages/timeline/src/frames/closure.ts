import { ProblemError, problemOf } from '@cd-push/protocol';

import type { Address } from '../objects/address.ts';
import type { ControlKind } from '../objects/control-kind.ts';
import type { ParsedObject } from '../objects/parsed-object.ts';
import type { Space } from '../space/space.ts';
import { loadObject, type ObjectSource } from './load.ts';

export interface ClosureOptions {
  /**
   * Those of the addresses that are neither told nor gone into. A space's `has` tells everything that another one lacks of
   * it, as long as that one has all that its objects refer to.
   */
  readonly stopAt?: Space['has'] | undefined;
  /** Objects at most: `too-large`. */
  readonly limit?: number | undefined;
  /** Kinds that are read besides those of what is synced. */
  readonly controls?: readonly ControlKind[] | undefined;
}

/** Some 100 bytes are kept of each object that was met. */
const defaultLimit = 2_000_000;

/**
 * The dependency graph of objects: these, and all that they refer to, each once, in no particular order.
 *
 * @throws {ProblemError} `missing-object`, `too-large`, or why an object is damaged.
 */
export async function* closure(
  source: ObjectSource,
  roots: readonly Address[],
  { stopAt = () => none, limit = defaultLimit, controls }: ClosureOptions = {},
): AsyncGenerator<ParsedObject, void, undefined> {
  const met = new Set<Address>();
  const waiting: Address[] = [];
  const meet = async (addresses: readonly Address[]): Promise<void> => {
    const fresh = [...new Set(addresses)].filter((address) => !met.has(address));
    if (fresh.length === 0) return;
    const stops = await stopAt(fresh);
    for (const address of fresh) {
      met.add(address);
      if (!stops.has(address)) waiting.push(address);
    }
    if (met.size > limit) {
      throw new ProblemError(
        problemOf('too-large', { detail: `What belongs together are more than ${limit} objects.` }),
      );
    }
  };

  await meet(roots);
  for (let address = waiting.pop(); address !== undefined; address = waiting.pop()) {
    const object = await loadObject(source, address, controls);
    yield object;
    await meet(object.refers);
  }
}

const none: ReadonlySet<Address> = new Set();
