// Saves a file whenever it is told to, some turns of a loop later, in the way that it is told.
import { renameSync, writeFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';

interface Save {
  readonly file: string;
  readonly text: string;
  readonly how: 'in-place' | 'renamed';
  readonly afterTurns: number;
}

parentPort?.on('message', ({ file, text, how, afterTurns }: Save) => {
  for (let turn = 0; turn < afterTurns; turn += 1) Math.sqrt(turn);
  if (how === 'in-place') writeFileSync(file, text);
  else {
    writeFileSync(`${file}~`, text);
    renameSync(`${file}~`, file);
  }
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage('saved');
});
