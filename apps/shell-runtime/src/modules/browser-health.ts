import type { HealthPort } from './ports.ts';

/** Watches a page. */
export const browserHealth: HealthPort = {
  observe(onError) {
    const onWindowError = (event: ErrorEvent): void => onError(event.error ?? event.message);
    const onRejection = (event: PromiseRejectionEvent): void => onError(event.reason);
    addEventListener('error', onWindowError);
    addEventListener('unhandledrejection', onRejection);
    return () => {
      removeEventListener('error', onWindowError);
      removeEventListener('unhandledrejection', onRejection);
    };
  },

  monitor: (onError) => void browserHealth.observe(onError),

  nextFrame: () =>
    new Promise((resolve) => {
      // Frames stop in hidden pages, also in those that become hidden while one is waited for.
      const done = (): void => {
        document.removeEventListener('visibilitychange', done);
        cancelAnimationFrame(frame);
        afterTask(resolve);
      };
      const frame = requestAnimationFrame(done);
      if (document.hidden) done();
      else document.addEventListener('visibilitychange', done);
    }),

  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** A task of its own, after those that are queued: unhandled rejections are told in a task. */
const afterTask = (callback: () => void): void => {
  const { port1, port2 } = new MessageChannel();
  port1.addEventListener('message', () => {
    port1.close();
    callback();
  });
  port1.start();
  port2.postMessage(null);
};
