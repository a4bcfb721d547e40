import { limits } from '@cd-push/protocol';

import type { CliContext } from '../cli-context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import type { Line } from '../sync/line.ts';
import { printJson } from '../talk/print-json.ts';
import { Talk } from '../talk/talk.ts';
import { namesIn, type PlannedFile } from './plan.ts';

/**
 * Looks whether what every recipient has reported to run is what is in place: somebody may have pushed over it meanwhile.
 *
 * @returns the exit code, which is worse than before where that is so.
 */
export const verify = async (
  context: CliContext,
  { connection, name }: Line,
  environment: string,
  files: readonly PlannedFile[],
  { json, worst }: { readonly json: boolean; readonly worst: ExitCode },
): Promise<ExitCode> => {
  const wanted = new Map<string, string | null>();
  for (const { resource, before, from } of files) {
    wanted.set(resource, before?.digest ?? null);
    if (from !== undefined) wanted.set(from, null);
  }
  const names = namesIn(files);
  const overtaken: string[] = [];
  for (let start = 0; start < names.length; start += limits.headQuery) {
    const resources = names.slice(start, start + limits.headQuery);
    const { heads } = await connection.request('get-heads', { environment, resources });
    for (const { resource, digest } of heads) if (wanted.get(resource) !== digest) overtaken.push(resource);
  }
  if (json) printJson(context, { type: 'verified', relay: name, files: names.length, overtaken });
  if (overtaken.length === 0) return worst;
  const talk = new Talk(context);
  talk.warn(`${overtaken.join(', ')}: something else was pushed over it meanwhile.`);
  talk.next(`See what: cd-cli history ${overtaken[0] ?? ''}`);
  return exitCodes.partial;
};
