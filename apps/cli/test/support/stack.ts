import { loadSettings } from '../../src/settings/load-settings.ts';
import { startStack, type RunningStack } from '../../src/stack/start-stack.ts';
import type { Workshop } from './workshop.ts';

/** The real stack for a workshop's project: api, relay and page on free ports. */
export const stackFor = async (
  workshop: Workshop,
  dataFolder?: string,
): Promise<RunningStack & AsyncDisposable> => {
  const context = { process: { env: workshop.env }, cwd: workshop.root };
  const { settings } = await loadSettings(context, { dataFolder });
  const stack = await startStack({
    settings,
    reach: { kind: 'loopback' },
    port: 0,
    entry: `/${settings.module}/src/main.ts`,
    tell: () => undefined,
    onError: (error) => {
      throw error;
    },
  });
  return { ...stack, [Symbol.asyncDispose]: () => stack.close() };
};
