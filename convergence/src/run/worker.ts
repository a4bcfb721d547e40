import { parentPort } from 'node:worker_threads';

import { realEngine } from '../engine/real-engine.ts';
import { runPart, type Part } from './part.ts';

const port = parentPort;
if (port === null) throw new Error('This is the program of a worker thread.');

port.on('message', (part: Part) => {
  void runPart(part, realEngine).then((tally) => port.postMessage(tally));
});
