import { defineConfig, mergeConfig } from 'vitest/config';

import shared from '../../vitest.shared.ts';

// Real files, processes and password hashes on a machine that may be busy with every other room's tests.
export default mergeConfig(shared, defineConfig({ test: { testTimeout: 30_000 } }));
