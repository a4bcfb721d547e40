import { existsSync } from 'node:fs';
import { join } from 'node:path';

import type { Settings } from '../settings/load-settings.ts';

/** Where a page without further ado starts. */
const entries = ['src/main.ts', 'src/main.tsx', 'src/main.js', 'src/index.ts', 'main.ts', 'main.js'];

/**
 * The resource that the page's runtime starts with.
 *
 * @param named on the command line: a resource, or a file below the project's root.
 */
export const entryOf = ({ root, module }: Settings, named: string | undefined): string => {
  const path = named ?? entries.find((candidate) => existsSync(join(root, candidate))) ?? 'src/main.ts';
  return path.startsWith(`/${module}/`) ? path : `/${module}/${path.replace(/^\.?\//u, '')}`;
};
