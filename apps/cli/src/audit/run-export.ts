import { existsSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

import { ProblemError, type SignedAuditHead } from '@cd-push/protocol';

import type { CliContext } from '../cli-context.ts';
import { CliError, usageError } from '../cli-error.ts';
import type { AuditExportFlags } from '../commands/flags.ts';
import type { Render } from '../screen.ts';
import { loadSettings } from '../settings/load-settings.ts';
import { settingFlagsOf } from '../settings/setting-flags.ts';
import type { OutputStream } from '../streams.ts';
import type { Line } from '../sync/line.ts';
import { openLines } from '../sync/open-lines.ts';
import { printJson } from '../talk/print-json.ts';
import { Talk } from '../talk/talk.ts';
import { apiSource } from './api-source.ts';
import { lineOfHead } from './audit-file.ts';
import { AuditReading, relaySource } from './audit-source.ts';
import { keepHeads } from './keep-heads.ts';

/** `audit export [file]`: the rows of api and relay, and their signed heads. */
export const runAuditExport = async (
  context: CliContext,
  flags: AuditExportFlags,
  path?: string,
): Promise<void> => {
  const { stdout } = context.process;
  if (path === undefined && stdout.isTTY === true)
    throw usageError(
      'Rows are written as they are, for programs and not for a terminal.',
      'Name a file, or pipe them: cd-cli audit export ~/audit.jsonl',
    );
  if (path === undefined && flags.json)
    throw usageError('--json tells what was written to a file; without one the rows themselves are data.');
  const { settings } = await loadSettings(context, settingFlagsOf(flags));
  if (settings.syncMode === 'hybrid')
    throw usageError('An audit is of one installation.', 'Say which: --mode local or --mode remote');
  const file = path === undefined ? undefined : resolve(context.cwd, path);
  if (file !== undefined && existsSync(file))
    throw usageError(
      `${file} is there already; an export never overwrites an earlier one.`,
      'Name a file that is not there yet.',
    );
  await using lines = await openLines(context, settings);
  const [line] = lines.all;
  if (line === undefined) throw new TypeError('There is no relay.');
  if (file === undefined) await exportTo(context, line, writeTo(stdout));
  else {
    const told = await exportToFile(context, line, file);
    if (flags.json) printJson(context, { type: 'exported', file, ...told });
    const talk = new Talk(context);
    talk.say(`${told.rows} rows of ${told.heads} chains are in ${file}, with their signed heads.`);
    talk.next(`Prove it, here and later: cd-cli audit verify ${path}`);
  }
};

interface Exported {
  readonly rows: number;
  readonly heads: number;
}

/** Whole or not at all: what breaks off in the middle would look as if it had been cut. */
const exportToFile = async (context: CliContext, line: Line, file: string): Promise<Exported> => {
  // In the same folder, so that it can be renamed; hidden, so that no watcher pushes it.
  const draft = join(dirname(file), `.${basename(file)}.part`);
  try {
    await using out = await open(draft, 'w', 0o600);
    const exported = await exportTo(context, line, (text) => out.appendFile(text));
    await out.sync();
    await rename(draft, file);
    return exported;
  } catch (error) {
    await rm(draft, { force: true });
    throw isFileError(error)
      ? new CliError(`${file} cannot be written: ${error.message}`, {
          cause: error,
          next: 'Name a place with room, where you may write.',
        })
      : error;
  }
};

const exportTo = async (
  context: CliContext,
  line: Line,
  write: (text: string) => Promise<void>,
): Promise<Exported> => {
  const { screen, signal } = context;
  const counts = { api: 0, relay: 0 };
  const render: Render = () => [`${counts.api} rows of the api, ${counts.relay} of the relay …`];
  screen.live(render);
  try {
    const sources = [apiSource(line, signal), relaySource(line, signal)];
    const heads: SignedAuditHead[] = [];
    for (const source of sources) {
      const reading = new AuditReading(source, line.session.account);
      for await (const rows of reading.pages()) {
        await write(textOf(rows));
        counts[source.name] += rows.length;
        screen.refresh();
      }
      heads.push(...reading.heads);
    }
    await write(textOf(heads.map(lineOfHead)));
    await keepHeads(context, line.session, heads);
    return { rows: counts.api + counts.relay, heads: heads.length };
  } catch (error) {
    throw error instanceof ProblemError && error.problem.kind === 'forbidden'
      ? new CliError('The audit is for admins, and this session is none’s.', {
          cause: error,
          next: 'Ask an admin for an export, or sign in as one: cd-cli login',
        })
      : error;
  } finally {
    screen.release(render);
  }
};

const textOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

/** Past the screen: what the texts hold is hashed, and not for a terminal. */
const writeTo =
  (stream: OutputStream) =>
  async (text: string): Promise<void> => {
    const { promise, resolve: done, reject } = Promise.withResolvers<void>();
    stream.write(text, (error) => (error instanceof Error ? reject(error) : done()));
    await promise;
  };

const isFileError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'code' in error && 'syscall' in error;
