import { historiesOf } from '../catch-up/histories.ts';
import { measureCatchUp } from '../catch-up/measure.ts';
import { hasXdelta3 } from '../catch-up/references.ts';
import { worstOf } from '../report/figure.ts';
import { median } from '../statistics/median.ts';
import type { Suite } from './suite.ts';

/** How many versions behind somebody is. */
const lags = [10, 100];
const seed = 20_261_120;

/** What brings a file up to date that is so many changes behind, against the least that others make of it. */
export const catchUp: Suite = async ({ quick, tell }) => {
  const most = Math.max(...lags);
  tell(`histories of ${most} saves${hasXdelta3 ? '' : ', without xdelta3, which is not installed'}`);
  const histories = await historiesOf(most, seed);
  const measured = await measureCatchUp(quick ? histories.slice(0, 3) : histories, lags, tell);
  const ratios = measured.map(({ ratio }) => ratio);
  const besides = measured.map(({ besidesPerFrame }) => besidesPerFrame);
  const compared = `the smallest of zstd, differing lines${hasXdelta3 ? ' and xdelta3' : '; xdelta3 is absent'}`;
  return {
    figures: [
      worstOf('catchup.bytes', ratios, {
        note: `worst of ${measured.length}; median ${median(ratios).toFixed(2)}; against ${compared}`,
      }),
      worstOf('catchup.besides', besides, {
        unit: 'B',
        note: 'for each frame that was missed: signatures, certificates, framing',
      }),
    ],
    details: { xdelta3: hasXdelta3 ? 'compared with' : 'absent', measured },
  };
};
