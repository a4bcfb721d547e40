import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { makeJoinCode } from '@cd-push/client';

import type { CliContext } from '../cli-context.ts';
import { usageError } from '../cli-error.ts';
import type { JoinCodeFlags } from '../commands/flags.ts';
import { trustedIdentities } from '../identity/trusted-identities.ts';
import { loadSettings, type Settings } from '../settings/load-settings.ts';
import { settingFlagsOf } from '../settings/setting-flags.ts';
import { discoverRelay } from '../sync/discover-relay.ts';
import { placeOf, sessionAt, type Place } from '../sync/open-lines.ts';
import { labelOf } from '../sync/target-of.ts';
import { printJson } from '../talk/print-json.ts';
import { Talk } from '../talk/talk.ts';
import { runningStack } from './state-file.ts';

/** `join-code`: a code by which runtimes of the project's module enrol. */
export const runJoinCode = async (context: CliContext, flags: JoinCodeFlags): Promise<void> => {
  const { settings } = await loadSettings(context, settingFlagsOf(flags));
  if (settings.syncMode === 'hybrid')
    throw usageError('A code is of one api.', 'Say which: --mode local or --mode remote');
  const place = placeOf(context, settings, settings.syncMode);
  const session = await sessionAt(place);
  const { module, environment } = settings;
  const identities = trustedIdentities(settings.dataFolder);
  const labels = Object.fromEntries((flags.label ?? []).map(labelOf));
  const { code, expiresAt } = await makeJoinCode(session, {
    module,
    environment,
    labels,
    groups: flags.group ?? [],
    ...(identities === undefined ? {} : { identities }),
    approvals: flags.approvals,
    uses: flags.uses,
    ttlSeconds: Math.max(1, Math.round(flags.ttl / 1000)),
  });
  if (flags.json)
    printJson(context, {
      type: 'join-code',
      code,
      expiresAt,
      expires: new Date(expiresAt).toISOString(),
      module,
      environment,
      labels,
      groups: flags.group ?? [],
      identities: identities ?? null,
      approvals: flags.approvals,
      uses: flags.uses,
    });
  else context.process.stdout.write(`${code}\n`);
  const uses = flags.uses === 1 ? 'One runtime' : `${flags.uses} runtimes`;
  const talk = new Talk(context);
  talk.tell(
    `${uses} of ${module} in ${environment} may join with it until ${new Date(expiresAt).toISOString()}, ${spoken(flags.ttl)} from now. It is shown this once.`,
  );
  if (flags.approvals > 0) {
    const people = flags.approvals === 1 ? 'one other person has' : `${flags.approvals} other people have`;
    talk.say(
      `What is pushed there runs once ${people} approved of it: cd-cli push --propose, then cd-cli approve.`,
    );
  }
  talk.say();
  talk.say('A Node process joins by');
  talk.say(await nodeCommand(settings, place, code));
  talk.say();
  const page = runningStack(settings.dataFolder)?.pageUrl;
  talk.say(
    settings.syncMode === 'local' && page !== undefined
      ? `A browser joins by opening ${page}#join=${code}`
      : `A browser joins by opening the page with #join=${code} at the end of its address.`,
  );
};

/** The command as it can be pasted, a part in a line; what only its user knows is left to be filled in. */
const nodeCommand = async (settings: Settings, { address }: Place, code: string): Promise<string> => {
  const { apiUrl } = address;
  const stack = settings.syncMode === 'local' ? runningStack(settings.dataFolder) : undefined;
  const relayUrl = address.relayUrl ?? (await discoverRelay(apiUrl));
  return [
    `  ${joinCodeVariable}=${code}`,
    'npx cd-node-runtime',
    `--api ${apiUrl} --relay ${relayUrl}`,
    `--base ${stack?.pageUrl ?? '<where it is served>'} --entry ${serviceOf(settings)}`,
    `--state .cd-node-runtime`,
  ].join(' \\\n    ');
};

/** What `cd-node-runtime` reads the code from, so that it is not in the list of processes. */
const joinCodeVariable = 'CD_PUSH_JOIN_CODE';

/** Where a program for Node usually starts. */
const services = ['service/main.ts', 'server/main.ts', 'src/service.ts', 'src/server.ts', 'src/main.ts'];

const serviceOf = ({ root, module }: Settings): string => {
  const found = services.find((path) => existsSync(join(root, path)));
  return found === undefined ? `/${module}/<file>` : `/${module}/${found}`;
};

const spoken = (milliseconds: number): string => {
  const minutes = milliseconds / 60_000;
  const [count, unit] = minutes < 1 ? [milliseconds / 1000, 'second'] : [Math.round(minutes), 'minute'];
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
};
