/** What is wrong with a relay's code on purpose, to see that it is noticed: a module that is imported before all others. */
export const plants = ['encode', 'timer'] as const;
export type Plant = (typeof plants)[number];

/** Names a plant for every relay that this process starts, and that its processes start. */
export const plantVariable = 'CD_PUSH_BENCH_PLANT';

export const isPlant = (name: string): name is Plant => plants.some((plant) => plant === name);

/**
 * Flags of Node's own by which a relay gets the plant that is asked for; none where none is.
 *
 * @throws RangeError for a name that no plant has.
 */
export const plantFlags = (name = process.env[plantVariable]): string[] => {
  if (name === undefined) return [];
  if (!isPlant(name)) throw new RangeError(`There is no plant "${name}".`);
  return ['--import', new URL(`./${name}.ts`, import.meta.url).href];
};
