import { Play } from './play.ts';
import type { IfReadOnly, Side, Situation } from './scenario.ts';

/** The steps of a situation; what one has made, the next one gets. */
interface Steps<Made> {
  setUp(play: Play): Promise<Made>;
  run(play: Play, made: Made): Promise<void>;
  check(play: Play, made: Made): Promise<void>;
}

/** @param readOnly what comes of it where one side may not write; most are refused, because either has something to give. */
export const situation = <Made>(
  title: string,
  steps: Steps<Made>,
  readOnly: Partial<Record<Side, IfReadOnly>> = {},
): Situation => ({
  title,
  readOnly: { a: 'refused', b: 'refused', ...readOnly },
  begin: (pair) => {
    const play = new Play(pair);
    let made: { readonly it: Made } | undefined;
    const needed = (): Made => {
      if (made === undefined) throw new Error('It was not set up.');
      return made.it;
    };
    return {
      timelines: play.timelines,
      constants: play.constants,
      setUp: async () => {
        made = { it: await steps.setUp(play) };
      },
      run: () => steps.run(play, needed()),
      check: async () => {
        await steps.check(play, needed());
        return play.checks;
      },
    };
  },
});
