import { setTimeout as pause } from 'node:timers/promises';

import { flushRedis } from '../processes/databases.ts';
import { limitFileSize } from '../processes/file-size.ts';
import { pushAfterTheEnd } from '../participants/former.ts';
import type { Hostile } from '../participants/hostile.ts';
import type { Cluster } from '../run/cluster.ts';
import { values } from '../run/settings.ts';
import type { PlannedFault } from '../schedule/schedule.ts';

export interface InjectionPorts {
  readonly cluster: Cluster;
  readonly hostile: Hostile;
  readonly signal: AbortSignal;
}

/** Does what was planned, and undoes it where it lasts. Gives the processes that it has killed. */
export const inject = async (planned: PlannedFault, ports: InjectionPorts): Promise<number> => {
  const { cluster, hostile, signal } = ports;
  const { fault, whom, lastsMs, amount } = planned;
  const lasting = (): Promise<void> => pause(lastsMs, undefined, { signal });
  const stopped = async (): Promise<number> => {
    const process = cluster.process(whom);
    process.signal('SIGSTOP');
    await lasting();
    process.signal('SIGCONT');
    return 0;
  };
  const troubled = async (trouble: () => void): Promise<number> => {
    trouble();
    await lasting();
    cluster.link(whom).heal();
    return 0;
  };
  switch (fault) {
    case 'relay-kill':
    case 'api-kill':
    case 'sender-kill':
    case 'runtime-kill':
    case 'redis-kill':
      return killAgainAndAgain(planned, ports);
    case 'relay-pause':
    case 'runtime-pause':
    case 'postgres-pause':
      return stopped();
    case 'postgres-stop':
      await cluster.process(whom).kill('SIGQUIT');
      await lasting();
      await cluster.process(whom).start(signal);
      return 0;
    case 'redis-flush':
      for (let flushed = 0; flushed < amount; flushed += 1) {
        // It may be away just now; then there is nothing to forget.
        if (cluster.redis !== undefined) await flushRedis(cluster.redis).catch(() => undefined);
        await lasting();
      }
      return 0;
    case 'reset':
      for (let resets = 0; resets < amount; resets += 1) {
        cluster.link(whom).reset();
        await lasting();
      }
      return 0;
    case 'partition':
      return troubled(() => cluster.link(whom).trouble({ stalled: new Set(['up', 'down']) }));
    case 'one-way':
      return troubled(() => cluster.link(whom).trouble({ stalled: new Set([amount === 0 ? 'up' : 'down']) }));
    case 'half-open':
      return troubled(() => cluster.link(whom).cutOff(amount === 0 ? 'up' : 'down'));
    case 'delay':
      return troubled(() => cluster.link(whom).trouble({ delayMs: amount }));
    case 'ack-repeat':
      return troubled(() => cluster.link(whom).trouble({ repeats: 'acknowledgements' }));
    case 'ack-reorder':
      return troubled(() => cluster.link(whom).trouble({ reorders: true }));
    case 'push-repeat':
      return troubled(() => cluster.link(whom).trouble({ repeats: 'pushes' }));
    case 'disk-full':
      await limitFileSize(cluster.process(whom), 0);
      await lasting();
      await limitFileSize(cluster.process(whom), 'unlimited');
      return 0;
    case 'clock-jump':
      cluster.setClock(whom, amount);
      await lasting();
      cluster.setClock(whom, 0);
      return 0;
    case 'ack-forge':
      hostile.forge(amount);
      await lasting();
      hostile.forge(amount);
      return 0;
    case 'session-end':
      await endSession(ports);
      return 0;
    default:
      return fault satisfies never;
  }
};

/** Makes everything work again that a fault of any kind may have left. */
export const heal = async (cluster: Cluster, signal: AbortSignal): Promise<void> => {
  for (const link of cluster.links) link.heal();
  await Promise.all(
    cluster.processes.map(async (process) => {
      cluster.setClock(process.name, 0);
      process.signal('SIGCONT');
      await limitFileSize(process, 'unlimited');
      await process.start(signal);
    }),
  );
};

const killAgainAndAgain = async (
  { whom, lastsMs, amount }: PlannedFault,
  { cluster, signal }: InjectionPorts,
): Promise<number> => {
  const process = cluster.process(whom);
  let kills = 0;
  for (let times = 0; times < amount; times += 1) {
    if (await process.kill()) kills += 1;
    await pause(lastsMs, undefined, { signal });
    // Whether it gets ready is for the end of the round: it may need what is down just now.
    process.start(signal).catch(() => undefined);
    // Long enough to be in the middle of its start.
    await pause(lastsMs / 2, undefined, { signal });
  }
  return kills;
};

const endSession = async ({ cluster, signal }: InjectionPorts): Promise<void> => {
  const resource = values.at(-1) ?? '';
  const { apiUrl, relayUrl, writer, program } = cluster;
  // The api may be away just now: then nobody's session was ended.
  await pushAfterTheEnd({ apiUrl, relayUrl, resource, ...program }, writer, signal).catch(() => undefined);
};
