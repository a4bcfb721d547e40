import { cpSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { check, isClean, type Verdict } from './checker/check.ts';
import { counts } from './checker/finding.ts';
import { jsonOf, linesOf, progressLine, tableOf } from './cli/report.ts';
import { help, requestOf, UsageError, type RunRequest } from './cli/usage.ts';
import { HistoryError, readHistory } from './history/read-history.ts';
import { CannotRun } from './processes/cannot-run.ts';
import { DoesNotStart } from './processes/kept-process.ts';
import { lineOfPlanted, runPlanted, type PlantedResult } from './run/planted.ts';
import { run, type Tell } from './run/run.ts';
import { rosterOf, usualCrowd } from './schedule/roster.ts';
import { scheduleOf } from './schedule/schedule.ts';

const exitCodes = { clean: 0, violated: 1, couldNotRun: 2, interrupted: 130 } as const;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** On a terminal the last line is overwritten; what stays is printed above it. */
const tellOnTerminal = (isLive: boolean): Tell => {
  const clear = isLive ? '\r\u001b[K' : '';
  return {
    line: (text) => void process.stderr.write(`${clear}${text}\n`),
    progress: (progress) => {
      if (isLive) process.stderr.write(`${clear}${progressLine(progress)}`);
    },
  };
};

const report = (verdict: Verdict, json: boolean): number => {
  say(json ? jsonOf(verdict.summary) : tableOf(verdict));
  return isClean(verdict.summary) ? exitCodes.clean : exitCodes.violated;
};

const play = async (
  { seed, minutes, nodes, store, keep, json }: RunRequest,
  signal: AbortSignal,
): Promise<number> => {
  const tell = tellOnTerminal(!json && process.stderr.isTTY);
  const roster = rosterOf(store, { nodes, ...usualCrowd });
  const verdict = await run({
    seed,
    roster,
    rounds: scheduleOf(seed, roster),
    minutes,
    signal,
    tell,
    beforeRemoval: (folder, reached) => {
      if (keep) {
        tell.line(`Everything is left in ${folder}`);
        return 'keep';
      }
      if (reached !== undefined && !isClean(reached.summary))
        tell.line(`The logs are left in ${saved(folder)}`);
      return 'remove';
    },
  });
  return report(verdict, json);
};

const calibrate = async (json: boolean, signal: AbortSignal): Promise<number> => {
  const results: PlantedResult[] = [];
  const tell = tellOnTerminal(!json && process.stderr.isTTY);
  const isCalibrated = await runPlanted(signal, tell, (result) => {
    results.push(result);
    if (!json) say(lineOfPlanted(result));
    for (const line of linesOf(result.verdict.findings.filter(({ count }) => count !== result.caughtBy)))
      tell.line(line);
  });
  if (json) {
    const told = results.map(({ name, caughtBy = null, isAsItShould, verdict }) => ({
      planted: name,
      caughtBy,
      isAsItShould,
      ...Object.fromEntries(counts.map((count) => [count, verdict.summary[count]])),
    }));
    say(JSON.stringify({ isCalibrated, planted: told }));
  }
  return isCalibrated ? exitCodes.clean : exitCodes.violated;
};

/** The clients' logs and what the processes printed, outside of the folder that is removed. */
const saved = (folder: string): string => {
  const kept = mkdtempSync(join(tmpdir(), 'cd-push-faults-logs-'));
  for (const name of ['logs', 'outputs']) cpSync(join(folder, name), join(kept, name), { recursive: true });
  return kept;
};

const perform = async (args: readonly string[], signal: AbortSignal): Promise<number> => {
  const request = requestOf(args);
  switch (request.kind) {
    case 'help':
      process.stdout.write(help);
      return exitCodes.clean;
    case 'check':
      return report(check(readHistory(request.log)), request.json);
    case 'run':
      return play(request.run, signal);
    case 'planted':
      return calibrate(request.json, signal);
    default:
      return request satisfies never;
  }
};

const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => interrupted.abort());

try {
  process.exitCode = await perform(process.argv.slice(2), interrupted.signal);
} catch (error) {
  if (interrupted.signal.aborted) {
    process.exitCode = exitCodes.interrupted;
  } else {
    process.exitCode = exitCodes.couldNotRun;
    const isExpected = [UsageError, CannotRun, HistoryError, DoesNotStart].some(
      (expected) => error instanceof expected,
    );
    const why = error instanceof Error ? (isExpected ? error.message : error.stack) : String(error);
    process.stderr.write(`faults: ${why}\n${error instanceof UsageError ? `\n${help}` : ''}`);
  }
}
