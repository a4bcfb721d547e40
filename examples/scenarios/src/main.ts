import { parseArgs } from 'node:util';

import { launchChromium } from './chromium.ts';
import { Host } from './host.ts';
import { Stage } from './stage.ts';
import { visit, type ScenarioReport } from './visit.ts';

const help = `Usage: pnpm scenarios [--once] [--json] [--port <number>] [--no-open]

Two developers, each a process of its own, synchronise over a relay. A page sets up, runs and checks each of the
situations that they may be in.

  --once      goes through all of them in a headless browser, tells what came of it, and ends; exit 1 where not all holds
  --json      tells it as one line of JSON
  --port      where the page is served on this machine; any free port by default
  --no-open   does not open the page in a browser
`;

interface Options {
  readonly once: boolean;
  readonly json: boolean;
  readonly port: number;
  readonly opens: boolean;
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);

const goThrough = async (url: string, { json }: Options, owner: AsyncDisposableStack): Promise<boolean> => {
  const browser = await launchChromium();
  owner.defer(() => browser.close());
  const page = await browser.newPage();
  const faults: string[] = [];
  page.on('pageerror', ({ message }) => faults.push(message));
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  await page.goto(url);
  const scenarios: ScenarioReport[] = [];
  for await (const scenario of visit(page)) {
    scenarios.push(scenario);
    if (!json) for (const line of linesOf(scenario)) print(line);
  }
  const situations = scenarios.flatMap((scenario) => scenario.situations);
  const passed = situations.filter(({ holds }) => holds).length;
  const failed = situations.length - passed;
  if (json) print(JSON.stringify({ scenarios, passed, failed, faults }));
  else print(`\n${passed} situations hold, ${failed} do not`);
  for (const fault of faults) process.stderr.write(`The page: ${fault}\n`);
  return failed === 0 && faults.length === 0 && situations.length > 0;
};

const linesOf = ({ number, title, situations }: ScenarioReport): readonly string[] => [
  `${String(number).padStart(2)}  ${title}`,
  ...situations.flatMap(({ title: situation, holds, checks, failure }) => [
    `    ${holds ? '✓' : '✗'} ${situation} (${checks.length} checks)`,
    ...(failure === undefined ? [] : [`      ${failure}`]),
    ...checks.filter((check) => !check.holds).map((check) => `      ${check.title}: ${check.found ?? ''}`),
  ]),
];

const showInBrowser = async (url: string): Promise<void> => {
  const { default: open } = await import('open');
  const browser = await open(url);
  // Where there is none, the address that was printed has to do.
  browser.on('error', () => {});
};

/** Resolves with whether all is well, once it is over or was stopped. */
const run = async (options: Options, stop: AbortSignal): Promise<boolean> => {
  await using owner = new AsyncDisposableStack();
  const stage = owner.use(await Stage.open());
  const host = owner.use(await Host.open(stage, options.port));
  const stopped = new Promise<boolean>((resolve) => {
    stop.addEventListener('abort', () => resolve(true), { once: true });
  });
  if (options.once) return await Promise.race([goThrough(host.url, options, owner), stopped]);
  print(options.json ? JSON.stringify({ url: host.url }) : `The page: ${host.url}\nCtrl-C ends it.`);
  if (options.opens) await showInBrowser(host.url);
  return await stopped;
};

/** What the command line says; undefined where it makes no sense, which has been told then. */
const readArguments = (): (Options & { readonly help: boolean }) | undefined => {
  try {
    const { values } = parseArgs({
      allowNegative: true,
      options: {
        once: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        port: { type: 'string', default: '0' },
        open: { type: 'boolean', default: true },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const port = Number(values.port);
    if (!Number.isInteger(port) || port < 0 || port > 65_535)
      throw new TypeError(`"${values.port}" is no port.`);
    const { once, json, open } = values;
    return { once, json, port, opens: open && !json && process.stdout.isTTY, help: values.help };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : ''}\n\n${help}`);
    return undefined;
  }
};

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());

const options = readArguments();
if (options === undefined) process.exitCode = 2;
else if (options.help) print(help.trimEnd());
else process.exitCode = (await run(options, stop.signal)) ? 0 : 1;
