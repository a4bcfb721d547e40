import type { StageTimes } from '@cd-push/protocol';

import { printable } from '../talk/printable.ts';
import type { Talk } from '../talk/talk.ts';
import type { RecipientNames } from './recipient-names.ts';
import type { LineTrack } from './sync-push.ts';

/** One recipient's way in one line: each stage with the milliseconds since the push came about. */
export const describeTrack = (
  talk: Talk,
  { recipient, state, attempt }: LineTrack,
  names: RecipientNames,
  initTime: number,
): string => {
  const times: StageTimes = state.times;
  const steps = (['relayed', 'pushed', 'delivered', 'completed'] as const).map((stage) => {
    const at = times[stage];
    // Padded to the width of what will stand there, so that the columns do not jump; short enough for 80 of them.
    if (at === undefined) return talk.paint('dim', `${stage}    -`);
    return `${stage} ${talk.paint(stage === 'completed' ? 'green' : 'cyan', `${at - initTime}`.padStart(4))}`;
  });
  const again = attempt > 1 ? ` (attempt ${attempt})` : '';
  return `${names.nameOf(recipient).padEnd(names.width)}  ${steps.join('  ')} ms${endOf(talk, state)}${again}`;
};

const endOf = (talk: Talk, state: LineTrack['state']): string => {
  switch (state.stage) {
    case 'failed': {
      const [detail = ''] = (state.problem.detail ?? state.problem.title).split('\n');
      return `  ${talk.paint('red', `failed: ${state.problem.kind}: ${printable(detail)}`)}`;
    }
    case 'expired':
    case 'superseded':
      return `  ${talk.paint('yellow', state.stage)}`;
    case 'initialized':
    case 'relayed':
    case 'pushed':
    case 'delivered':
    case 'completed':
      return '';
    default:
      return state satisfies never;
  }
};
