import { expect, it } from 'vitest';

import { historiesOf } from '../src/catch-up/histories.ts';
import { measureCatchUp } from '../src/catch-up/measure.ts';

const lag = 10;
/** What suite catchup is asked for; its histories are longer. */
const contentAtMost = 1.2;
const besidesAtMost = 400;

it('brings a file ten changes on in no more bytes than others make of it, and little besides', async () => {
  // A style, a text, and a module with its source map.
  const histories = (await historiesOf(lag, 1)).slice(0, 3);
  const measured = await measureCatchUp(histories, [lag]);
  expect(measured.map(({ encoding }) => encoding)).toEqual(['delta', 'delta', 'delta']);
  for (const { ratio, besidesPerFrame } of measured) {
    expect(ratio).toBeLessThanOrEqual(contentAtMost);
    expect(besidesPerFrame).toBeLessThanOrEqual(besidesAtMost);
  }
});
