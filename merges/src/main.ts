import type { MergeCase } from './cases/merge-case.ts';
import { CasesError, readCases } from './cases/read-cases.ts';
import { progressLine, tableOf } from './cli/report.ts';
import { help, requestOf, UsageError } from './cli/usage.ts';
import { barsOf } from './measure/bars.ts';
import { measure, mergeOf } from './measure/measure.ts';
import { summaryOf, type Summary } from './measure/summary.ts';

const exitCodes = { holds: 0, fails: 1, couldNotRun: 2 } as const;

/** On a terminal the last line is overwritten. */
const tell = (text: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
};

const summaryOfAll = (cases: readonly MergeCase[]): Summary => {
  // Warms up what is measured.
  for (const given of cases) mergeOf(given);
  const measured = cases.map((given, index) => {
    tell(progressLine(index, cases.length));
    return measure(given);
  });
  tell('');
  return summaryOf(measured);
};

const perform = async (args: readonly string[]): Promise<number> => {
  const request = requestOf(args);
  if (request.kind === 'help') {
    process.stdout.write(help);
    return exitCodes.holds;
  }
  const summary = summaryOfAll(await readCases(request.file));
  const bars = barsOf(summary);
  process.stdout.write(`${request.json ? JSON.stringify(summary) : tableOf(bars)}\n`);
  return bars.every(({ holds }) => holds) ? exitCodes.holds : exitCodes.fails;
};

try {
  process.exitCode = await perform(process.argv.slice(2));
} catch (error) {
  process.exitCode = exitCodes.couldNotRun;
  const isExpected = error instanceof UsageError || error instanceof CasesError;
  const why = error instanceof Error ? (isExpected ? error.message : error.stack) : String(error);
  process.stderr.write(`merges: ${why}\n${error instanceof UsageError ? `\n${help}` : ''}`);
}
