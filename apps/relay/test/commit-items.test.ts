import type { Offer } from '@cd-push/store';
import { storedBlob } from '@cd-push/timeline';
import { expect, it } from 'vitest';

import { weightOf } from '../src/journal/commit-items.ts';

it('what waits to be written is weighed with the history that it brings', async () => {
  const blobs = await Promise.all(['a', 'b'].map((letter) => storedBlob(letter.repeat(1_000_000))));
  const offer = (objects: typeof blobs, contents: readonly string[] = []) =>
    ({
      push: { contents: contents.map((body) => ({ digest: '', body })) },
      history: { objects, swaps: [] },
    }) as unknown as Offer;
  const empty = weightOf(offer([]));
  expect(weightOf(offer(blobs)) - empty).toBe(2_000_000);
  expect(weightOf(offer(blobs, ['c'.repeat(500)])) - empty).toBe(2_000_500);
  expect(weightOf({ ...offer([]), history: undefined })).toBe(empty);
});
