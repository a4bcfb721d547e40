import { Type } from 'typebox';

/** Runs a step so many times, one after the other, and gives what each took in milliseconds. */
export const timesOf = async (count: number, step: () => Promise<void>): Promise<{ times: number[] }> => {
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const startedAt = performance.now();
    await step();
    times.push(performance.now() - startedAt);
  }
  return { times };
};

export const TimesSchema = Type.Object({ times: Type.Array(Type.Number()) });
