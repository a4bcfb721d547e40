// Installs and builds the workspace, and does nothing when nothing changed since the last time.
// Plain JavaScript for Node 20.19 and newer: all that the host needs is Node and npm.
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  quiet,
  readJson,
  root,
  run,
  say,
  workspaceEnv,
  workspaceFolders,
  workspaceNode,
} from './workspace.mjs';

const stampPath = join(root, 'node_modules', '.cd-push-setup.json');

/** A step that is silent on request says what it is doing once it has taken this long. */
const patienceMs = 3000;

/** Folders that never decide what is installed or built. */
const ignoredFolders = new Set([
  '.git',
  '.turbo',
  'node_modules',
  'dist',
  'dist-test',
  'coverage',
  'generated',
  'test',
  'docs',
]);

/** Resolves when the workspace is installed and built; throws with a sentence for people if it cannot. */
export async function setup() {
  requireNode();
  const files = sourceFiles();
  const wanted = {
    installed: digest(files.filter(decidesInstall)),
    built: digest(files),
  };
  const present = readStamp();

  const isInstalled = present.installed === wanted.installed && existsSync(workspaceNode);
  if (!isInstalled) {
    writeStamp({});
    await step('installing dependencies', 'npx', [
      '-y',
      `pnpm@${pnpmVersion()}`,
      'install',
      '--frozen-lockfile',
      // A node_modules of another layout is replaced without asking: nobody may be there to answer.
      '--config.confirm-modules-purge=false',
    ]);
  }
  if (!isInstalled || present.built !== wanted.built || !outputsExist()) {
    writeStamp({ installed: wanted.installed });
    await step('building', join(root, 'node_modules', '.bin', 'turbo'), [
      'run',
      'build',
      '--output-logs=errors-only',
    ]);
    writeStamp(wanted);
  }
}

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new Error(
    `Node 20.19 or newer is needed to set the workspace up; this is ${process.version}. ` +
      'Any of them will do: the workspace brings its own for the rest.',
  );
}

/** Named once, in package.json, where turbo reads it too. */
function pnpmVersion() {
  return readJson(join(root, 'package.json')).devEngines.packageManager.version;
}

function decidesInstall(file) {
  return /(^|\/)(package\.json|pnpm-lock\.yaml|pnpm-workspace\.yaml|\.npmrc)$/.test(file);
}

/** Every file that may decide what is installed or built: relative, with '/', sorted. */
function sourceFiles() {
  return (filesKnownToGit() ?? filesByWalk(root))
    .filter((file) => !file.endsWith('.md') && !file.split('/').some((part) => ignoredFolders.has(part)))
    .toSorted();
}

function filesKnownToGit() {
  // A folder inside somebody else's repository is walked instead: there git may ignore all of it.
  if (!existsSync(join(root, '.git'))) return undefined;
  try {
    const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return [...new Set(listed.split('\0').filter(Boolean))];
  } catch {
    return undefined; // git is missing, or refuses a repository of another owner
  }
}

function filesByWalk(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return ignoredFolders.has(entry.name) ? [] : filesByWalk(path);
    return entry.isFile() ? [relative(root, path).split(sep).join('/')] : [];
  });
}

function digest(files) {
  const hash = createHash('sha256');
  for (const file of files) {
    const path = join(root, file);
    if (!existsSync(path)) continue; // deleted, but not yet from git's index
    const content = createHash('sha256').update(readFileSync(path)).digest('hex');
    hash.update(`${file}\0${content}\n`);
  }
  return hash.digest('hex');
}

/** Somebody may have removed a dist folder or a node_modules by hand. */
function outputsExist() {
  return workspaceFolders().every((folder) => {
    const { scripts = {}, dependencies, devDependencies } = readJson(join(root, folder, 'package.json'));
    const hasDependencies = Object.keys({ ...dependencies, ...devDependencies }).length > 0;
    return (
      (!scripts.build || existsSync(join(root, folder, 'dist'))) &&
      (!hasDependencies || existsSync(join(root, folder, 'node_modules')))
    );
  });
}

function readStamp() {
  try {
    return readJson(stampPath);
  } catch {
    return {}; // none yet, or half written: set up again
  }
}

function writeStamp(stamp) {
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  writeFileSync(stampPath, JSON.stringify(stamp));
}

async function step(title, command, args) {
  const code = quiet ? await runQuietly(title, command, args) : await runAloud(title, command, args);
  if (code !== 0) throw new Error(`Set-up failed while ${title} (exit code ${code}).`);
}

function runAloud(title, command, args) {
  say(`cd-push: ${title}`);
  return run(command, args, { stdio: ['ignore', 2, 2] });
}

/** Shows the program's output only if it fails, and one line about it only if it takes its time. */
async function runQuietly(title, command, args) {
  const impatience = setTimeout(() => say(`cd-push: ${title} …`), patienceMs);
  const child = spawn(command, args, { cwd: root, env: workspaceEnv(), stdio: ['ignore', 'pipe', 'pipe'] });
  const output = [];
  child.stdout.on('data', (chunk) => output.push(chunk));
  child.stderr.on('data', (chunk) => output.push(chunk));
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode) => resolve(exitCode ?? 1));
  });
  clearTimeout(impatience);
  if (code !== 0) process.stderr.write(Buffer.concat(output));
  return code;
}

/** For the entry scripts: set up, or say why not and end. */
export async function setupOrExit() {
  try {
    await setup();
  } catch (error) {
    say(`cd-push: ${error.message}`);
    process.exit(1);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await setupOrExit();
