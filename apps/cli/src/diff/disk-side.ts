import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { CliError, usageError } from '../cli-error.ts';
import { openProject } from '../project/open-project.ts';
import type { Settings } from '../settings/load-settings.ts';
import { textOf } from '../transform/base-entry.ts';
import { contentDigest } from '../transform/content-digest.ts';
import { noSide, type Held, type Side } from './side.ts';

/**
 * A file of the project as it is on the disk now, and as it would be pushed.
 *
 * @throws CliError where it is no file of this project, or cannot be pushed as it is.
 */
export const diskSide = (settings: Settings, resource: string): Side => {
  const { module, root } = settings;
  if (!resource.startsWith(`/${module}/`))
    throw usageError(
      `${resource} is of another module than this project, ${module}.`,
      'Compare it with another version: --to v1',
    );
  const name = 'disk';
  const bytes = read(join(root, resource.slice(module.length + 2)));
  if (bytes === undefined) return { ...noSide, name };
  const base = openProject(settings);
  const entry = base.entry(resource);
  const fault = base.problems().find((problem) => problem.resource === resource);
  const content: Held = entry?.content ?? base.bytesOf(resource);
  const pushed = (): Held => {
    if (fault !== undefined)
      throw new CliError(`invalid-patch: ${fault.detail ?? fault.title}\n${fault.frame}`, {
        next: 'It cannot be pushed as it is on the disk. Correct it, or compare the sources: leave --pushed out.',
      });
    return typeof content === 'string' ? content : content && (textOf(content) ?? content);
  };
  return {
    name,
    when: '',
    // Of a file that cannot be pushed, what is told is the file's own.
    digest: fault === undefined ? (entry?.digest ?? contentDigest(bytes)) : contentDigest(bytes),
    bytes: bytes.length,
    pushed: async () => pushed(),
    source: async () => textOf(bytes) ?? bytes,
    version: undefined,
  };
};

const read = (path: string): Buffer | undefined => {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return undefined;
    throw error;
  }
};
