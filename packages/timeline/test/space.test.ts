import { describe, expect, test } from 'vitest';

import { MemorySpace, spaceContract } from '../src/index.ts';

describe('the space in memory', () => {
  test.each(spaceContract)('$title', async (rule) => {
    const space = new MemorySpace();
    await expect(rule.run({ open: () => space })).resolves.toBeUndefined();
  });
});
