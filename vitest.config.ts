import { defineConfig, mergeConfig } from 'vitest/config';
import shared from './vitest.shared.ts';

/** The suite of the workspace's own scripts. */
export default mergeConfig(shared, defineConfig({ test: { include: ['scripts/**/*.test.ts'] } }));
