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
    // How long a test may take says nothing about what it tests, and a machine may be busy: these bounds only end what
    // hangs. A rule about time is tested with a clock of the test's own, a figure is a matter for bench.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
    // A mock or a stubbed global of one test never reaches the next.
    restoreMocks: true,
    unstubEnvs: true,
    unstubGlobals: true,
  },
});
