import { makeConstant, readAddress, storedBlob } from '@cd-push/timeline';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { blobAddressOf, digestOfBlob } from '../src/timelines/blob-address.ts';

test('the address of a blob is that which timelines give it, and says the digest of its bytes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), async (bytes) => {
      const { address } = await storedBlob(bytes);
      const { digest } = readAddress(address)!;
      expect(blobAddressOf(digest)).toBe(address);
      expect(digestOfBlob(address)).toBe(digest);
    }),
    { seed: 1_301, numRuns: 200 },
  );
});

test('the address of a structured object says no digest of a blob', async () => {
  expect(digestOfBlob((await makeConstant({})).address)).toBeUndefined();
});
