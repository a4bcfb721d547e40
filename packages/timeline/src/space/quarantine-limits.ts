/** How much may come at once: `too-large`. A longer history comes in several parts, each of which moves its tip on. */
export interface QuarantineLimits {
  readonly objects: number;
  readonly bytes: number;
  readonly swaps: number;
  /**
   * Objects that are looked at again and again while it is found out how all of it fits together: so many, and so many for
   * each that came. What people do takes a few for each; a manifest can be written that takes a walk for every entry.
   */
  readonly looks: number;
  readonly looksPerObject: number;
}

export const quarantineLimits: QuarantineLimits = {
  objects: 50_000,
  bytes: 128 * 1024 * 1024,
  swaps: 10_000,
  looks: 500_000,
  looksPerObject: 100,
};
