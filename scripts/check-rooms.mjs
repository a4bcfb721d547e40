// Fails when a room does not take part in the checks: turbo runs a task only where package.json has a
// script of that name, so a forgotten script would go unnoticed for ever. Fails too when two rooms ask
// for different versions of the same library.
import { join } from 'node:path';
import { readJson, root, say, workspaceFolders } from './workspace.mjs';

const scriptsOf = {
  packages: ['build', 'typecheck', 'lint', 'test'],
  apps: ['build', 'typecheck', 'lint', 'test'],
  examples: ['typecheck', 'lint'],
  bench: ['typecheck', 'lint'],
  faults: ['typecheck', 'lint', 'test'],
  merges: ['typecheck', 'lint', 'test'],
  convergence: ['typecheck', 'lint', 'test'],
};

const faults = [];
const wantedBy = new Map();

for (const folder of ['.', ...workspaceFolders()]) {
  const manifest = readJson(join(root, folder, 'package.json'));
  const { scripts = {}, dependencies, devDependencies } = manifest;
  const fault = (text) => faults.push(`${folder}/package.json: ${text}`);

  if (folder !== '.') {
    const required = [...scriptsOf[folder.split('/')[0]], ...(manifest.private ? [] : ['check:package'])];
    for (const name of required) if (!scripts[name]) fault(`has no script "${name}"`);
  }
  if (manifest.type !== 'module') fault('is not "type": "module"');
  if (manifest.license !== 'MIT') fault('does not state the MIT license');

  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
    if (/^[\^~><*]|\bx\b/.test(version)) fault(`asks for a range of ${name}: ${version}`);
    // Rooms themselves have no versions among each other; the root links the program that people start there.
    if (name.startsWith('@cd-push/')) continue;
    const first = wantedBy.get(name) ?? { version, folder };
    wantedBy.set(name, first);
    if (first.version !== version) {
      fault(
        `asks for ${name} ${version}, but ${first.folder} for ${first.version}; see "catalog" in CONTRIBUTING.md`,
      );
    }
  }
}

for (const fault of faults) say(fault);
if (faults.length > 0) process.exitCode = 1;
