// What the other scripts share: where things are, and how a program is started with the
// workspace's own Node, pnpm and turbo, whatever the host has. Runs on the host's Node
// (20.19 or newer) before anything is installed, so it uses nothing but Node itself.
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// Not import.meta.dirname: a Node too old to have it must get as far as being told so.
export const root = fileURLToPath(new URL('..', import.meta.url));
export const binFolder = join(root, 'node_modules', '.bin');

/** The Node binary that the npm package `node` brings; there only once installed. */
export const workspaceNode = join(root, 'node_modules', 'node', 'bin', 'node');

export const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** `npm run -s` asks for silence in this way. */
export const quiet = process.env.npm_config_loglevel === 'silent';

/** Talk goes to stderr: stdout belongs to the data of the program that is run in the end. */
export const say = (line) => process.stderr.write(`${line}\n`);

/** The folders of all rooms, relative to the root: those named in pnpm-workspace.yaml. */
export function workspaceFolders() {
  const inside = (parent) =>
    readdirSync(join(root, parent), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => `${parent}/${entry.name}`);
  return ['packages', 'apps', 'examples']
    .flatMap((parent) => orElse(() => inside(parent), []))
    .concat('bench', 'faults', 'convergence')
    .filter((folder) => orElse(() => readJson(join(root, folder, 'package.json')), null) !== null)
    .toSorted();
}

function orElse(read, fallback) {
  try {
    return read();
  } catch (error) {
    if (error.code === 'ENOENT') return fallback;
    throw error;
  }
}

/** The workspace's programs first, so that `node`, `pnpm` and `turbo` are its own. */
export function workspaceEnv() {
  const env = { ...process.env, PATH: `${binFolder}${delimiter}${process.env.PATH}` };
  // No usage data is sent on behalf of someone who only wanted to run the tests.
  env.TURBO_TELEMETRY_DISABLED ??= '1';
  env.DO_NOT_TRACK ??= '1';
  // pnpm's mark of the host's npm would be inherited by every child and reported as a warning there.
  for (const name of Object.keys(env)) if (/^npm_(lifecycle|package)_/.test(name)) delete env[name];
  return env;
}

/**
 * Starts a program and resolves with its exit code, as a shell counts it (128 + signal).
 * Signals that ask this process to end are handed on, so that nothing is left running.
 */
export function run(command, args, options = {}) {
  const child = spawn(command, args, { cwd: root, env: workspaceEnv(), stdio: 'inherit', ...options });
  const forward = (signal) => child.kill(signal);
  const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of forwarded) process.on(signal, forward);
  const orphanWatch = watchParent(() => forward('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      for (const name of forwarded) process.off(name, forward);
      clearInterval(orphanWatch);
      resolve(code ?? 128 + (signalNumbers[signal] ?? 0));
    });
  });
}

/**
 * npm runs a script in a shell that a signal ends without reaching the script: whoever stops
 * `npm run demo` would leave it running. That the parent is gone is the only sign of it.
 */
function watchParent(onGone) {
  if (!process.env.npm_lifecycle_event) return undefined;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    onGone();
  }, 250);
  return timer.unref();
}

const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };
