// Puts the workspace's own programs into node_modules/.bin, where `npx cd-cli …` finds them from the root and from every
// folder below it. A package manager cannot: it links what is there when it installs, and these are built afterwards.
// As dependencies of the root they would be part of the key of every task's cache besides.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { binFolder, readJson, root } from './workspace.mjs';

const rooms = ['apps/cli', 'apps/shell-runtime'];

/** Program to the file that it starts. */
function programs() {
  return rooms.flatMap((room) =>
    Object.entries(readJson(join(root, room, 'package.json')).bin ?? {}).map(([name, file]) => ({
      link: join(binFolder, name),
      file: join(root, room, file),
    })),
  );
}

export function programsLinked() {
  return programs().every(({ link }) => existsSync(link));
}

/** To be called after the build. */
export async function linkPrograms() {
  // Installed by then; it writes what each system's shells can start.
  const { default: shim } = await import('cmd-shim');
  for (const { link, file } of programs()) await shim(file, link);
}
