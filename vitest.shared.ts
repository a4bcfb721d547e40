import { defineConfig } from 'vitest/config';

/**
 * What every suite has in common. A room's vitest.config.ts re-exports it, or merges into it
 * with vitest's `mergeConfig`.
 */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // `npm test` sums up these reports, also when turbo answers from its cache.
    reporters: ['default', 'json'],
    outputFile: { json: 'dist-test/report.json' },
    // A mock or a stubbed global of one test never reaches the next.
    restoreMocks: true,
    unstubEnvs: true,
    unstubGlobals: true,
  },
});
