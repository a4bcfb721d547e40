import { isMainThread, parentPort, type MessagePort } from 'node:worker_threads';

import { problemOf, ProblemError, type Problem } from '@cd-push/protocol';

import { App } from './app.ts';
import type { AppCommands, AppSetup, Down, Up } from './messages.ts';

/** The first message, and the only one that goes by a way that the program could reach. */
interface Introduction {
  readonly setup: AppSetup;
  readonly port: MessagePort;
}

/**
 * The app thread. Its supervisor is the only one who writes here, and what it writes was verified; it hands over a port
 * of its own, so that whatever the program posts to its parent stays apart.
 */
const serve = ({ setup, port }: Introduction): void => {
  const say = (message: Up): void => port.postMessage(message);
  const app = new App(setup, {
    restartAsked: (detail) => say({ kind: 'restart-asked', detail }),
    save: (id, resource, text) => say({ kind: 'save-edit', id, resource, text }),
  });

  const answer = async (order: Down): Promise<AppCommands[Down['command']]['value']> => {
    switch (order.command) {
      case 'prepare':
        await app.prepare();
        return null;
      case 'run':
        return app.run(order.payload);
      case 'apply':
        return app.apply(order.payload);
      case 'operate':
        await app.operate(order.payload.name, order.payload.args);
        return null;
      case 'release':
        return app.release();
      case 'tell':
        app.tell(order.payload);
        return null;
      case 'edit-settled':
        app.settle(order.payload.id, order.payload.saved);
        return null;
      case 'ping':
        return null;
      default:
        return order satisfies never;
    }
  };

  port.on('message', (order: Down) => {
    answer(order).then(
      (value) => say({ kind: 'answer', id: order.id, value }),
      async (error: unknown) =>
        say({ kind: 'refusal', id: order.id, problem: await problemFrom(error, app) }),
    );
  });
};

const problemFrom = async (error: unknown, app: App): Promise<Problem> => {
  if (error instanceof ProblemError) return error.problem;
  return problemOf('apply-failed', {
    detail: error instanceof Error ? error.message : String(error),
    stack: error instanceof Error ? await app.mapStack(error.stack ?? '') : undefined,
  });
};

if (isMainThread || parentPort === null) throw new Error('This file is the app thread of a Node runtime.');
parentPort.once('message', serve);
