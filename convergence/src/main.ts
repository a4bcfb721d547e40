import { jsonOf, linesOf, progressLine, tableOf } from './cli/report.ts';
import { help, requestOf, UsageError, type Request } from './cli/usage.ts';
import { realEngine } from './engine/real-engine.ts';
import { runHistory } from './history/run-history.ts';
import { shrink } from './history/shrink.ts';
import { planOf } from './plan/plan.ts';
import { lineOfPlanted, runPlanted, type PlantedResult } from './planted/run-planted.ts';
import { run } from './run/run.ts';
import { isClean, tallyOf } from './run/tally.ts';

const exitCodes = { clean: 0, found: 1, couldNotRun: 2, interrupted: 130 } as const;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const whisper = (text: string): void => void process.stderr.write(`${text}\n`);

const play = async (
  { seed, histories, workers, json }: Extract<Request, { kind: 'run' }>,
  signal: AbortSignal,
): Promise<number> => {
  const isLive = process.stderr.isTTY;
  const startedAt = performance.now();
  const { summary, failing } = await run({
    seed,
    histories,
    workers,
    signal,
    progress: (tally) => {
      const seconds = (performance.now() - startedAt) / 1_000;
      if (isLive) process.stderr.write(`\r\u001b[K${progressLine(tally, histories, seconds)}`);
    },
  });
  if (isLive) process.stderr.write('\r\u001b[K');
  say(json ? jsonOf(summary) : tableOf(summary));
  for (const line of linesOf(seed, failing)) whisper(line);
  return isClean(summary) ? exitCodes.clean : exitCodes.found;
};

const replay = async ({
  seed,
  history,
  steps,
  json,
}: Extract<Request, { kind: 'replay' }>): Promise<number> => {
  const whole = planOf(seed, history);
  const plan =
    steps === undefined
      ? whole
      : { ...whole, steps: whole.steps.filter(({ number }) => steps.includes(number)) };
  const log = (line: () => string): void => (json ? whisper(line()) : say(line()));
  const outcome = await runHistory(plan, realEngine, log);
  const { summary } = tallyOf(history, outcome);
  if (!isClean(summary) && steps === undefined) {
    const least = await shrink(plan, realEngine);
    if (least !== undefined) {
      const numbers = least.steps.map(({ number }) => number).join(',');
      log(
        () => `\nIt takes ${least.steps.length} of ${plan.steps.length} steps to fail: --steps ${numbers}\n`,
      );
      await runHistory(least, realEngine, log);
    }
  }
  say(json ? jsonOf(summary) : `\n${tableOf(summary)}`);
  return isClean(summary) ? exitCodes.clean : exitCodes.found;
};

const calibrate = async (json: boolean): Promise<number> => {
  const results: PlantedResult[] = [];
  const isCalibrated = await runPlanted(realEngine, (result) => {
    results.push(result);
    if (!json) say(lineOfPlanted(result));
  });
  if (json) say(JSON.stringify({ isCalibrated, planted: results }));
  return isCalibrated ? exitCodes.clean : exitCodes.found;
};

const perform = async (args: readonly string[], signal: AbortSignal): Promise<number> => {
  const request = requestOf(args);
  switch (request.kind) {
    case 'help':
      process.stdout.write(help);
      return exitCodes.clean;
    case 'run':
      return play(request, signal);
    case 'replay':
      return replay(request);
    case 'planted':
      return calibrate(request.json);
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
    const why =
      error instanceof UsageError ? error.message : error instanceof Error ? error.stack : String(error);
    process.stderr.write(`convergence: ${why}\n${error instanceof UsageError ? `\n${help}` : ''}`);
  }
}
