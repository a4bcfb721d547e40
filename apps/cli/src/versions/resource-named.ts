import { relative, resolve, sep } from 'node:path';

import { usageError } from '../cli-error.ts';
import type { Settings } from '../settings/load-settings.ts';

/**
 * The resource, or the folder of resources, that a person names: by its path in the project, be it there or not, or as it is
 * pushed (`/module/path`). Without a slash at its end.
 *
 * @throws CliError for a path outside of the project.
 */
export const resourceNamed = ({ module, root }: Settings, cwd: string, text: string): string => {
  // A resource name looks like an absolute path; what lies below the project's root goes first.
  const below = relative(root, resolve(cwd, text));
  if (below === '') return `/${module}`;
  if (below !== '..' && !below.startsWith(`..${sep}`)) return `/${module}/${below.split(sep).join('/')}`;
  if (text.startsWith('/') && text !== '/') return text.replace(/\/+$/u, '');
  throw usageError(
    `${text} is no file of ${module}.`,
    `Name it by its path in ${root}, or as it is pushed: /${module}/src/…`,
  );
};
