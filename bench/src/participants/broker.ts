import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { freePort, systemProgram } from '@cd-push/faults';
import { Type, type Static } from 'typebox';

import { command, serve } from './serve.ts';

const BrokerSchema = Type.Enum(['redis', 'nats']);
type BrokerName = Static<typeof BrokerSchema>;

const startWithinMs = 10_000;
/** Of `/proc/…/stat`: USER_HZ is 100 wherever Node runs on Linux. */
const microsPerTick = 10_000;

const folder = mkdtempSync(join(tmpdir(), 'cd-push-bench-'));
let child: ChildProcess | undefined;
process.on('exit', () => {
  child?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** As small as they are by themselves; neither writes to the disk. */
const programs: Readonly<Record<BrokerName, (port: string) => readonly [name: string, ...args: string[]]>> = {
  redis: (port) => [
    'redis-server',
    '--port',
    port,
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--loglevel',
    'warning',
    // Nobody is cut off for reading late.
    '--client-output-buffer-limit',
    'pubsub 0 0 0',
  ],
  nats: (port) => ['nats-server', '--addr', '127.0.0.1', '--port', port, '--log', join(folder, 'log')],
};

const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (open: boolean): void => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });

/** A server that is no program of Node, held to the processor of the process that starts it. */
serve({
  start: command(Type.Object({ name: BrokerSchema }), async ({ name }) => {
    const port = await freePort();
    const [program, ...args] = programs[name](String(port));
    child = spawn(systemProgram(program), args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
    const until = AbortSignal.timeout(startWithinMs);
    while (!(await isOpen(port))) {
      if (until.aborted || child.exitCode !== null) throw new Error(`${program} does not start.`);
      await pause(20);
    }
    return { url: `${name}://127.0.0.1:${port}` };
  }),

  cpu: command(Type.Object({}), () => {
    const stat = readFileSync(`/proc/${child?.pid ?? 0}/stat`, 'utf8');
    // What stands before the last bracket is the program's name, which may hold blanks.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { micros: (Number(fields[11]) + Number(fields[12])) * microsPerTick };
  }),
});
