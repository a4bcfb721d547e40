// Outlives whoever started it, whatever became of that one: ends the processes that it was told of and removes the folder.
// Told by lines on standard input; the end of the input says that the time has come.
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';

const pids = new Set<number>();
const folders = new Set<string>();
/** How long a process may take over an orderly end before it is killed. */
const patienceMs = 5_000;
const pollMs = 20;

const signal = (pid: number, name: NodeJS.Signals | 0): boolean => {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
};

const end = async (pid: number): Promise<void> => {
  // PostgreSQL takes SIGQUIT for an immediate stop, in which it gives its shared memory back; a process that was stopped
  // has to go on to hear of it. Everyone else may end at once.
  signal(pid, 'SIGQUIT');
  signal(pid, 'SIGCONT');
  const giveUpAt = performance.now() + patienceMs;
  while (signal(pid, 0) && performance.now() < giveUpAt) {
    await new Promise((resolve) => {
      setTimeout(resolve, pollMs);
    });
  }
  signal(pid, 'SIGKILL');
};

// What asks the group of the terminal to end asks this one too late: it waits for its input to end.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => undefined);

for await (const line of createInterface({ input: process.stdin })) {
  const [order, ...rest] = line.split(' ');
  const what = rest.join(' ');
  if (order === 'process') pids.add(Number(what));
  else if (order === 'gone') pids.delete(Number(what));
  else if (order === 'folder') folders.add(what);
  else if (order === 'keep') folders.delete(what);
}
await Promise.all([...pids].map(end));
for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
