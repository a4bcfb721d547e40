import { listVersions } from '@cd-push/client';
import type { FileVersion } from '@cd-push/protocol';

import type { CliContext } from '../cli-context.ts';
import { usageError } from '../cli-error.ts';
import type { HistoryFlags } from '../commands/flags.ts';
import type { Settings } from '../settings/load-settings.ts';
import type { Line } from '../sync/line.ts';
import type { Lines } from '../sync/open-lines.ts';
import { shortGuid } from '../sync/short-ids.ts';
import { printJson } from '../talk/print-json.ts';
import { printTable } from '../talk/print-table.ts';
import { Talk } from '../talk/talk.ts';
import { shownSize, versionJson, versionName } from '../versions/version-name.ts';
import { shownTime } from './shown-time.ts';

export interface VersionHistory {
  readonly settings: Settings;
  readonly lines: Lines;
  readonly resource: string;
}

/** The versions of a file, page by page. Answers false, and tells nothing, where no relay knows one. */
export const tellVersions = async (
  context: CliContext,
  flags: HistoryFlags,
  { settings: { environment, syncMode }, lines, resource }: VersionHistory,
): Promise<boolean> => {
  if (flags.before !== undefined && syncMode === 'hybrid')
    throw usageError(
      'Each relay has versions of its own, so --before goes with one of them.',
      'Say whose: --mode local or --mode remote',
    );
  const { limit, before } = flags;
  const query = { environment, resource, limit, ...(before === undefined ? {} : { before }) };
  const pages = await Promise.all(
    lines.all.map(async (line) => {
      const { value } = await listVersions(line.connection, query, { signal: context.signal }).next();
      return { line, versions: value?.versions ?? [], next: value?.next };
    }),
  );
  if (pages.every(({ versions }) => versions.length === 0)) return false;
  if (flags.json) {
    for (const { line, versions, next } of pages) {
      for (const version of versions)
        printJson(context, { type: 'version', relay: line.name, ...versionJson(version) });
      printJson(context, { type: 'page', relay: line.name, versions: versions.length, next: next ?? null });
    }
    return true;
  }
  show(
    context,
    pages.flatMap(({ line, versions }) => versions.map((version) => ({ line, version, among: versions }))),
  );
  const [{ next } = {}] = pages.length === 1 ? pages : [];
  if (next !== undefined) new Talk(context).next(`Older ones: cd-cli history ${resource} --before ${next}`);
  return true;
};

interface Shown {
  readonly line: Line;
  readonly version: FileVersion;
  /** Those that are shown with it, among which may be the one that it restores. */
  readonly among: readonly FileVersion[];
}

interface Column {
  readonly title: string;
  readonly cell: (shown: Shown) => string;
  /** A column in which nothing is said is left out. */
  readonly isAlways?: boolean;
}

const show = (context: CliContext, shown: readonly Shown[]): void => {
  const now = Date.now();
  const isMine = ({ line, version }: Shown): boolean => version.signer === line.session.account.user.subject;
  const areMine = shown.every(isMine);
  const columns: readonly Column[] = [
    { title: 'version', cell: ({ version }) => versionName(version), isAlways: true },
    { title: '', cell: ({ version }) => (version.inPlace ? 'in place' : '') },
    { title: 'when', cell: ({ version }) => shownTime(version.acceptedAt, now), isAlways: true },
    {
      title: 'by',
      cell: (one) => (areMine ? '' : isMine(one) ? one.line.session.account.user.name : one.version.signer),
    },
    { title: 'change', cell: changeOf, isAlways: true },
    { title: 'size', cell: ({ version: { digest, bytes } }) => (digest === null ? '' : shownSize(bytes)) },
    { title: 'outcome', cell: ({ version: { outcome = '' } }) => outcome },
    { title: 'reached', cell: reachedOf },
    { title: 'relay', cell: ({ line }) => (shown.every((one) => one.line === line) ? '' : line.name) },
    { title: 'push', cell: ({ version }) => shortGuid(version.pushGuid), isAlways: true },
  ];
  const told = columns.filter(
    ({ isAlways, cell }) => isAlways === true || shown.some((one) => cell(one) !== ''),
  );
  printTable(
    context,
    told.map(({ title }) => title),
    shown.map((one) => told.map(({ cell }) => cell(one))),
  );
};

/** What was done to the file, and what cannot be had of it any more. */
const changeOf = ({ version, among }: Shown): string => {
  const { change, digest, from, to, restores, stored } = version;
  const gone = stored ? '' : ' (content let go of)';
  if (restores !== undefined) return `${backTo(restores, among)}${gone}`;
  if (from !== undefined) return `renamed from ${from}${gone}`;
  if (to !== undefined) return `renamed to ${to}`;
  return digest === null ? 'deleted' : `${change}${gone}`;
};

const backTo = (restores: number, among: readonly FileVersion[]): string => {
  if (restores === 0) return 'back to before the first';
  const restored = among.find(({ version }) => version === restores);
  // Nearly always the time of its push.
  return `back to ${restored === undefined ? `the one of ${shownTime(restores, Date.now())}` : versionName(restored)}`;
};

const reachedOf = ({ version: { completed, recipients } }: Shown): string =>
  completed === undefined || recipients === undefined ? '' : `${completed} of ${recipients}`;
