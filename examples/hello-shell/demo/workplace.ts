import { cp, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const example = join(import.meta.dirname, '..');

/** What of this folder is the app; the rest shows it off. */
const parts = [
  'index.html',
  'manifest.webmanifest',
  'service-worker.js',
  'cd-push.config.ts',
  '.cdpushignore',
  'src',
  'config',
  'assets',
  'service',
];

/** Temporary folders of one run. */
export interface Workplace {
  /** A copy of the app that may be edited. */
  readonly project: string;
  /** What the stack keeps. */
  readonly data: string;
  /** Stands for the user's home folder: where keys and sessions are kept. */
  readonly home: string;
  readonly remove: () => Promise<void>;
}

export const makeWorkplace = async (): Promise<Workplace> => {
  // Watchers report real paths, and the system's folder for temporary files may be a link.
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'cd-push-demo-')));
  const project = join(folder, 'hello-shell');
  for (const part of parts) await cp(join(example, part), join(project, part), { recursive: true });
  // The packages that the app's configuration imports.
  await symlink(join(example, 'node_modules'), join(project, 'node_modules'), 'junction');
  return {
    project,
    data: join(folder, 'data'),
    home: join(folder, 'home'),
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
};
