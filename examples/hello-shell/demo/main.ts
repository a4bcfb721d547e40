import { parseArgs } from 'node:util';

import { changes } from './changes.ts';
import { saveEach, visitor } from './once.ts';
import { Page } from './page.ts';
import { asJson, asText } from './report.ts';
import { rollBack, rollbackAsText } from './rollback.ts';
import { Stack } from './stack.ts';
import { makeWorkplace } from './workplace.ts';

const help = `Usage: npm run demo -- [--once | --rollback] [--json]

Starts the example with everything that it needs, in a temporary folder that is removed at the end.

  --once   saves one change of each kind by itself, shows what came of it, and ends
  --rollback
           saves a controller that is no good, takes it back, shows what came of it, and ends
  --json   prints one line of JSON for each push or rollback; without these, what cd-cli watch --json prints
`;

interface Options {
  readonly once: boolean;
  readonly rollback: boolean;
  readonly json: boolean;
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** Resolves when the demo is over or was stopped; rejects where something is not as it should be. */
const run = async (options: Options, stop: AbortSignal): Promise<void> => {
  await using owner = new AsyncDisposableStack();
  const stopped = new Promise<void>((resolve) =>
    stop.addEventListener('abort', () => resolve(), { once: true }),
  );
  await Promise.race([show(options, owner), stopped]);
};

const show = async ({ once, rollback, json }: Options, owner: AsyncDisposableStack): Promise<void> => {
  const place = await makeWorkplace();
  owner.defer(place.remove);
  const stack = await Stack.start(place, owner);
  if (once || rollback) {
    const page = await Page.open(stack.pageUrl, visitor, owner);
    await stack.connected(2);
    await stack.watch();
    if (rollback) {
      const report = await rollBack(stack, page);
      print(json ? JSON.stringify(report) : rollbackAsText(report));
      return;
    }
    for await (const { report, file } of saveEach(stack, page))
      print(json ? asJson(report) : asText(report, file));
    return;
  }
  await stack.connected(1);
  const talk = json ? say : print;
  talk(invitation(stack));
  await stack.watchAloud(json);
};

const invitation = ({ pageUrl, serviceUrl, project }: Stack): string =>
  [
    '',
    `  Open      ${pageUrl}`,
    `  and       ${serviceUrl}state?visitor=${visitor}   (the Node service)`,
    '',
    `  Edit one of these, save it, and watch both:`,
    ...changes.map(({ componentType, file }) => `  ${componentType.padEnd(12)}${project}/${file}`),
    '',
    '  Ctrl-C ends the demo and removes the folder.',
    '',
  ].join('\n');

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());

/** What the command line says; undefined where it makes no sense, which has been told then. */
const readArguments = (): (Options & { readonly help: boolean }) | undefined => {
  try {
    const { values } = parseArgs({
      options: {
        once: { type: 'boolean', default: false },
        rollback: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    return values;
  } catch (error) {
    say(`${error instanceof Error ? error.message : String(error)}\n\n${help}`);
    process.exitCode = 2;
    return undefined;
  }
};

const values = readArguments();
if (values?.help === true) print(help);
else if (values !== undefined) {
  try {
    await run(values, stop.signal);
    // Stopping is how the lasting demo ends; the other one has then not shown what it was to show.
    if (stop.signal.aborted && (values.once || values.rollback)) process.exitCode = 130;
  } catch (error) {
    say(`The demo failed. ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
