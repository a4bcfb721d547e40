import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { describe, expect, onTestFinished, test } from 'vitest';

import { clockVariable } from '../src/preload/clock-variable.ts';
import { Guard } from '../src/processes/guard.ts';
import { limitFileSize } from '../src/processes/file-size.ts';
import { KeptProcess, type Death } from '../src/processes/kept-process.ts';

const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'faults-processes-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const patience = { timeout: 30_000 };

/** Says that it is ready, and then does what its source says. */
const keep = (source: string, env: Record<string, string> = {}) => {
  const guard = new Guard();
  const deaths: Death[] = [];
  const over = new AbortController();
  const kept = new KeptProcess(
    {
      name: 'one',
      command: process.execPath,
      args: ['--eval', `console.log('ready ' + process.pid); ${source}`],
      env,
      ready: /^ready (\d+)$/u,
    },
    { guard, outputs: newFolder(), died: (death) => deaths.push(death), over: over.signal },
  );
  onTestFinished(async () => {
    over.abort();
    await guard.finish();
  });
  return { kept, guard, deaths };
};

const forEver = 'setInterval(() => {}, 1000);';

describe('a process that is kept up', () => {
  test('is ready when it says so, stays down after a kill, and comes back when it is started', async () => {
    const { kept, deaths } = keep(forEver);
    await kept.start();
    const first = Number(kept.announced);
    expect(await kept.kill()).toBe(true);
    expect(isAlive(first)).toBe(false);
    expect(kept.pids).toEqual([]);
    expect(await kept.kill()).toBe(false);
    await kept.start();
    expect(Number(kept.announced)).not.toBe(first);
    expect(deaths).toEqual([]);
  });

  test('is started again when it ends by itself, and that is told', async () => {
    const { kept, deaths } = keep(forEver);
    await kept.start();
    const first = Number(kept.announced);
    process.kill(first, 'SIGKILL');
    await expect.poll(() => Number(kept.announced), patience).not.toBe(first);
    expect(deaths).toEqual([{ name: 'one', how: 'SIGKILL' }]);
  });

  test('is killed also while it is stopped', async () => {
    const { kept } = keep(forEver);
    await kept.start();
    kept.signal('SIGSTOP');
    expect(await kept.kill()).toBe(true);
  });

  test.runIf(process.platform === 'linux')(
    'cannot make a file larger while its disk is full, and can afterwards',
    async () => {
      const file = join(newFolder(), 'file');
      const { kept } = keep(`
      const { appendFileSync } = require('node:fs');
      process.stdin.on('data', () => {
        try { appendFileSync(${JSON.stringify(file)}, 'x'); console.log('ready 1'); }
        catch ({ code }) { console.log(code === 'EFBIG' ? 'ready 2' : code); }
      });`);
      await kept.start();
      await limitFileSize(kept, 0);
      kept.say('write');
      await expect.poll(() => kept.announced, patience).toBe('2');
      await limitFileSize(kept, 'unlimited');
      kept.say('write');
      await expect.poll(() => kept.announced, patience).toBe('1');
    },
  );
});

describe('what was started', () => {
  test('is ended and removed, also where whoever started it is killed', async () => {
    const folder = newFolder();
    const guardUrl = new URL('../src/processes/guard.ts', import.meta.url).href;
    const source = `
      import { spawn } from 'node:child_process';
      import { Guard } from '${guardUrl}';
      const guard = new Guard();
      const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
      guard.process(child.pid);
      guard.folder(${JSON.stringify(folder)});
      console.log(child.pid);
      setInterval(() => {}, 1000);`;
    const starter = spawn(process.execPath, ['--input-type=module', '--eval', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(starter, 'exit');
    const pids: number[] = [];
    for await (const line of createInterface({ input: starter.stdout })) {
      pids.push(Number(line));
      break;
    }
    expect(isAlive(pids[0]!)).toBe(true);
    starter.kill('SIGKILL');
    await exited;
    await expect.poll(() => isAlive(pids[0]!), patience).toBe(false);
    await expect.poll(() => existsSync(folder), patience).toBe(false);
  });
});

test('the clock of a process jumps by what a file says, in its threads too, and jumps back', async () => {
  const folder = newFolder();
  const [file, program] = [join(folder, 'clock'), join(folder, 'program.mjs')];
  const hour = 3_600_000;
  writeFileSync(file, String(hour));
  writeFileSync(
    program,
    `
    import { isMainThread, Worker } from 'node:worker_threads';
    const off = (now) => Math.round((now - performance.timeOrigin - performance.now()) / 60_000);
    const told = () => ['now ' + off(Date.now()), 'date ' + off(new Date().getTime()), 'other ' + new Date(5).getTime()].join(', ');
    console.log(told());
    if (isMainThread) {
      const thread = new Worker(new URL(import.meta.url));
      process.stdin.on('data', () => {
        const timer = setInterval(() => { if (off(Date.now()) === 0) { clearInterval(timer); console.log('back'); process.exit(); } }, 5);
      });
    }`,
  );
  const preload = new URL('../src/preload/clock.ts', import.meta.url).href;
  const child = spawn(process.execPath, ['--import', preload, program], {
    env: { ...process.env, [clockVariable]: file },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (lines.length !== 2) continue;
    writeFileSync(file, '0');
    child.stdin.write('look\n');
  }
  const hourAhead = 'now 60, date 60, other 5';
  expect(lines).toEqual([hourAhead, hourAhead, 'back']);
});
