import { syntax } from '@cd-push/syntax';
import { mergeFrames, receive } from '@cd-push/timeline';

import type { Engine } from './engine.ts';

/** What is used everywhere. */
export const realEngine: Engine = {
  merge: async (space, ours, theirs) => {
    const { address, objects } = await mergeFrames(space, ours, theirs, syntax);
    return { tip: address, objects };
  },
  receive,
};
