import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { Check } from 'typebox/value';

import { compare, comparison } from './compare.ts';
import { loadNow, machineAt } from './report/machine.ts';
import { ResultSchema, type Figure, type Result } from './report/result.ts';
import { machineLines, tableOf } from './report/table.ts';
import { suites } from './suites/all.ts';

const usage = `bench [suite …] [--quick] [--json]     measures; suites: ${[...suites.keys()].join(', ')}
bench compare before.json after.json   says what moved beyond noise`;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const whisper = (text: string): void => void process.stderr.write(`${text}\n`);

const measure = async (
  names: readonly string[],
  { json, quick }: { json: boolean; quick: boolean },
): Promise<void> => {
  const startedAt = new Date();
  const loadAtStart = loadNow();
  const figures: Figure[] = [];
  const details: Result['suites'] = {};
  for (const name of names) {
    const suite = suites.get(name);
    if (suite === undefined) throw new RangeError(`There is no suite "${name}".\n${usage}`);
    const tell = (what: string): void =>
      whisper(`${new Date().toISOString().slice(11, 19)}  ${name}: ${what}`);
    tell('starts');
    const result = await suite({ quick, tell });
    figures.push(...result.figures);
    details[name] = { ...result.details };
    if (!json) say(`\n${name}\n${JSON.stringify(result.details, rounded, 2)}`);
  }
  const machine = machineAt(startedAt, loadAtStart);
  const result: Result = { machine, figures, suites: details };
  if (json) say(JSON.stringify(result, undefined, 2));
  else say(`\n${tableOf(figures)}\n\n${machineLines(machine)}`);
};

const rounded = (_name: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;

const readResult = (file: string): Result => {
  const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (Check(ResultSchema, value)) return value;
  throw new TypeError(`${file} holds no result of bench --json.`);
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean' },
  },
});
const [first, before, after] = positionals;
if (values.help === true) {
  say(usage);
} else if (first === 'compare') {
  if (before === undefined || after === undefined) throw new TypeError(usage);
  const moved = compare(readResult(before), readResult(after));
  say(comparison(moved));
  if (moved.some(({ verdict }) => verdict === 'worse')) process.exitCode = 1;
} else {
  await measure(positionals.length === 0 ? [...suites.keys()] : positionals, values);
}
