import type { ServerResponse } from 'node:http';

import type { Clock } from '../clock.ts';
import { Pace } from './pace.ts';

/** What is written at a time. */
const partBytes = 256 * 1024;

/** Writes a body at the pace at which it is read, and ends the connection where that is too slow. Never rejects. */
export const giveOut = (response: ServerResponse, body: Buffer, clock: Clock): Promise<void> =>
  new Promise((resolve) => {
    if (response.destroyed) {
      // That it has ended was said before anybody listened here, and is not said again.
      resolve();
      return;
    }
    const pace = new Pace(clock, () => response.destroy());
    let at = 0;
    const go = (): void => {
      while (at < body.length && !response.destroyed) {
        const part = body.subarray(at, at + partBytes);
        at += part.length;
        if (!response.write(part, () => pace.moved(part.length))) {
          response.once('drain', go);
          return;
        }
      }
      response.end();
    };
    response.once('close', () => {
      pace.over();
      resolve();
    });
    go();
  });
