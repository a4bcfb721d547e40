#!/usr/bin/env node
import { parseArgs } from 'node:util';

import { ProblemError } from '@cd-push/protocol';

import { joinCodeVariable, startNodeRuntime, type NodeRuntimeOptions } from './start-node-runtime.ts';

const help = `Usage: cd-node-runtime --base <url|folder> --entry <resource> --api <url> --relay <url> --state <folder>

Runs a program that was built or is served as a cd-push base, and takes pushes into it while it runs.

  --base <url|folder>   where the base is: what "cd-cli up" serves, or "cd-cli build" wrote
  --entry <resource>    module that starts the program, such as /shop/src/service.ts
  --api <url>           where the runtime enrols and gets its tokens
  --relay <url>         where pushes come from
  --state <folder>      keeps key, credential and what was applied; one process at a time
  --project <folder>    where bare imports are resolved from (default: the current folder)
  --name <text>         name of this runtime in lists
  --join-code <code>    needed at the first start alone; other users of this machine can see it in
                        the list of processes, so better give it as ${joinCodeVariable}
  --help                shows this

Ends with 0 after SIGTERM or SIGINT, 2 on wrong usage, 5 where it is not let in, 1 on any other error.
`;

const usage = 2;
const authentication = 5;

class UsageError extends Error {}

const readArguments = (): NodeRuntimeOptions | undefined => {
  const { values } = parseArgs({
    options: {
      base: { type: 'string' },
      entry: { type: 'string' },
      api: { type: 'string' },
      relay: { type: 'string' },
      state: { type: 'string' },
      project: { type: 'string' },
      name: { type: 'string' },
      'join-code': { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return undefined;
  const { base, entry, api: apiUrl, relay: relayUrl, state: stateDir } = values;
  if (
    base === undefined ||
    entry === undefined ||
    apiUrl === undefined ||
    relayUrl === undefined ||
    stateDir === undefined
  ) {
    const missing = ['base', 'entry', 'api', 'relay', 'state'].filter((name) => !Object.hasOwn(values, name));
    throw new UsageError(`Missing: ${missing.map((name) => `--${name}`).join(', ')}.`);
  }
  const joinCode = values['join-code'] ?? process.env[joinCodeVariable];
  return { base, entry, apiUrl, relayUrl, stateDir, joinCode, name: values.name, projectDir: values.project };
};

const fail = (message: string, exitCode: number): void => {
  process.stderr.write(`cd-node-runtime: ${message}\n`);
  process.exitCode = exitCode;
};

const run = async (options: NodeRuntimeOptions): Promise<void> => {
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ask());
  const runtime = await startNodeRuntime(options);
  await asked;
  await runtime.close();
};

try {
  const options = readArguments();
  if (options === undefined) process.stdout.write(help);
  else await run(options);
} catch (error) {
  if (error instanceof ProblemError) {
    fail(error.message, error.problem.status === 401 || error.problem.status === 403 ? authentication : 1);
  } else if (error instanceof UsageError || (error instanceof TypeError && 'code' in error)) {
    fail(`${error.message}\n\n${help}`, usage);
  } else {
    fail(error instanceof Error ? (error.stack ?? error.message) : String(error), 1);
  }
}
