#!/usr/bin/env node
import { text } from 'node:stream/consumers';

import { addAdmin } from './add-admin.ts';
import { optionsFromEnvironment, storePlaceFrom } from './environment.ts';
import { reasonOf } from './read-environment.ts';
import { startApi } from './start-api.ts';

const usage = `cd-push-api                    serve, configured by CD_PUSH_ISSUER, CD_PUSH_DATA or DATABASE_URL, CD_PUSH_SERVICE_SECRET, ...
cd-push-api add-admin <name>   make an admin; the password is read from standard input
`;

const serve = async (): Promise<void> => {
  const api = await startApi(optionsFromEnvironment(process.env));
  let closing = false;
  const close = (): void => {
    if (closing) return;
    closing = true;
    void api.close();
  };
  process.once('SIGTERM', close);
  process.once('SIGINT', close);
};

const run = async ([command, name, ...rest]: readonly string[]): Promise<number> => {
  if (command === undefined) {
    await serve();
    return 0;
  }
  if (command === 'add-admin' && name !== undefined && rest.length === 0) {
    const password = (await text(process.stdin)).replace(/\r?\n$/, '');
    await addAdmin(storePlaceFrom(process.env), name, password);
    process.stderr.write(`"${name}" can sign in as admin.\n`);
    return 0;
  }
  process.stderr.write(usage);
  return 2;
};

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`cd-push-api: ${reasonOf(error)}\n`);
  process.exitCode = 1;
}
