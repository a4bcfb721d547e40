import { storedObject } from '@cd-push/timeline';
import { describe, expect, test } from 'vitest';

import { historyOf } from '../src/timelines/history-of.ts';
import { accepted, offerOf, patch } from './contract/journal-samples.ts';

const digestNumber = (number: number): string =>
  `sha256-${Buffer.from(String(number).padStart(32, '0')).toString('base64url')}`;

/** What begins like the address of a blob, over and over. */
const likeAddresses = await storedObject({ text: 'bafkreiaaaa'.repeat(50_000) });

const timeFor = (patches: number): number => {
  const signed = Array.from({ length: patches }, (_, index) =>
    patch(`/shop/${index}`, 1, null, { digest: digestNumber(index) }),
  );
  const offer = { ...offerOf(accepted(signed)), history: { objects: [likeAddresses], swaps: [] } };
  const times = Array.from({ length: 5 }, () => {
    const before = performance.now();
    expect(historyOf(offer)).toMatchObject([{ contents: [] }]);
    return performance.now() - before;
  });
  return Math.min(...times);
};

describe('what a push’s objects refer to', () => {
  test('is read once, however many contents the push names: the journal is locked meanwhile', () => {
    timeFor(1);
    expect(timeFor(2_000)).toBeLessThan(100 * timeFor(1));
  });
});
