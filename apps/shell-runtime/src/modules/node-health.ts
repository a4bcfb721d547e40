import type { HealthPort } from './ports.ts';

/** Watches a process. */
export const nodeHealth: HealthPort = {
  observe(onError) {
    process.on('uncaughtException', onError);
    process.on('unhandledRejection', onError);
    return () => {
      process.off('uncaughtException', onError);
      process.off('unhandledRejection', onError);
    };
  },

  monitor(onError) {
    process.on('uncaughtExceptionMonitor', onError);
  },

  nextFrame: () => new Promise((resolve) => setImmediate(resolve)),

  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};
