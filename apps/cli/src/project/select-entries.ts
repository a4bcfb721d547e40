import { relative, resolve, sep } from 'node:path';

import { usageError } from '../cli-error.ts';
import type { BaseEntry } from '../transform/base-entry.ts';
import type { Base } from '../transform/base.ts';
import type { Settings } from '../settings/load-settings.ts';
import { CliError } from '../cli-error.ts';

/**
 * The files that paths on the command line stand for, each once: files, folders with all that is in them, or resource
 * names. Without paths: all files.
 *
 * @throws CliError for a path with nothing pushable behind it, or a file that cannot be turned into a patch.
 */
export const selectEntries = (
  base: Base,
  settings: Settings,
  cwd: string,
  paths: readonly string[],
): BaseEntry[] => {
  const faults = base.problems();
  if (paths.length === 0) {
    if (faults.length > 0) throw faulty(faults);
    return base.entries();
  }
  const chosen = new Map<string, BaseEntry>();
  for (const path of paths) {
    const resource = resourceAt(base, settings, cwd, path);
    const isIn = (name: string): boolean =>
      name === resource || name.startsWith(resource.endsWith('/') ? resource : `${resource}/`);
    const broken = faults.filter((fault) => isIn(fault.resource));
    if (broken.length > 0) throw faulty(broken);
    const entries = base.entries().filter((entry) => isIn(entry.resource));
    if (entries.length === 0) {
      throw usageError(
        `${path} is no file of ${settings.module} that could be pushed.`,
        `The project is ${settings.root}. Is the file there, and not named by .cdpushignore or "exclude"?`,
      );
    }
    for (const entry of entries) chosen.set(entry.resource, entry);
  }
  return [...chosen.values()];
};

const resourceAt = (base: Base, settings: Settings, cwd: string, path: string): string => {
  // A resource name looks like an absolute path; files below the project's root go first.
  const full = resolve(cwd, path);
  const below = relative(settings.root, full);
  if (below === '') return `/${settings.module}/`;
  if (below !== '..' && !below.startsWith(`..${sep}`)) return base.resourceOf(full) ?? path;
  return path;
};

const faulty = (faults: ReturnType<Base['problems']>): CliError =>
  new CliError(
    faults.map(({ detail, frame, title }) => `invalid-patch: ${detail ?? title}\n${frame}`).join('\n\n'),
    {
      next: 'Nothing was sent. Correct the file and push again.',
    },
  );
