import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { Check } from 'typebox/value';

import { chartsOf } from './charts/charts.ts';
import { compare, comparison } from './compare.ts';
import { isPlant, plants, plantVariable } from './plants/planting.ts';
import { ResultSchema, type Result } from './report/result.ts';
import { machineLines, tableOf } from './report/table.ts';
import { run } from './run.ts';
import { suites } from './suites/all.ts';

const usage = `bench [suite …] [--quick] [--json]     measures; suites: ${[...suites.keys()].join(', ')}
bench --planted <plant> [suite …]      the same with relays made slower: ${plants.join(', ')}
bench compare before.json after.json   says what moved beyond noise; exits with 1 if anything got worse
bench charts result.json [folder]      draws what bench --json has found, as SVG; into the current folder by default

Exits with 1 where a suite failed; what the others found is told all the same.`;

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const whisper = (text: string): void =>
  void process.stderr.write(`${new Date().toISOString().slice(11, 19)}  ${text}\n`);

const measure = async (names: readonly string[], json: boolean, quick: boolean): Promise<void> => {
  const { failed, ...result } = await run(suites, names.length === 0 ? [...suites.keys()] : names, {
    quick,
    tell: whisper,
    show: (name, text) => {
      if (!json) say(`\n${name}\n${text}`);
    },
  });
  if (json) say(JSON.stringify(result, undefined, 2));
  else say(`\n${tableOf(result.figures)}\n\n${machineLines(result.machine)}`);
  if (failed.length > 0) {
    whisper(`failed: ${failed.join(', ')}`);
    process.exitCode = 1;
  }
};

const draw = (result: Result, folder: string): void => {
  mkdirSync(folder, { recursive: true });
  for (const { name, svg } of chartsOf(result)) {
    const file = join(folder, `${name}.svg`);
    writeFileSync(file, svg);
    say(file);
  }
};

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
    planted: { type: 'string' },
    help: { type: 'boolean' },
  },
});
const [command, first, second] = positionals;
if (values.help === true) {
  say(usage);
} else if (command === 'compare') {
  if (first === undefined || second === undefined) throw new TypeError(usage);
  const moved = compare(readResult(first), readResult(second));
  say(comparison(moved));
  if (moved.some(({ verdict }) => verdict === 'worse')) process.exitCode = 1;
} else if (command === 'charts') {
  if (first === undefined) throw new TypeError(usage);
  draw(readResult(first), second ?? '.');
} else {
  const { planted } = values;
  if (planted !== undefined) {
    if (!isPlant(planted)) throw new RangeError(`There is no plant "${planted}".\n${usage}`);
    process.env[plantVariable] = planted;
  }
  await measure(positionals, values.json, values.quick);
}
