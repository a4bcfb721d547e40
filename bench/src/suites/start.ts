import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { decodedMappings, TraceMap } from '@jridgewell/trace-mapping';
import { Type } from 'typebox';
import { Check } from 'typebox/value';

import { figureOf, sizeOf } from '../report/figure.ts';
import type { Figure } from '../report/result.ts';
import { cliFile, lineOf, ownEnvironment, startVite } from '../save/products.ts';
import { Program } from '../save/program.ts';
import { makeProject, type Project } from '../save/project.ts';
import { Rounds, type Variant } from '../statistics/rounds.ts';
import type { Suite } from './suite.ts';

/** How soon there is something to work with, and how much of it there is. */
export const start: Suite = async ({ quick, tell }) => {
  await using owner = new AsyncDisposableStack();
  const ours = await makeProject('cd-push');
  owner.defer(ours.remove);
  const theirs = await makeProject('vite');
  owner.defer(theirs.remove);
  tell('cd-cli --help, cd-cli up');
  const variants: Variant[] = [
    async () => ({ 'node, ms': await runOf(['--eval', '0']) }),
    async () => ({ 'cd-cli --help, ms': await runOf([cliFile, '--help']) }),
    async () => ({ 'cd-cli up, ms': await upReady(ours) }),
    async () => {
      await using server = new AsyncDisposableStack();
      const startedAt = performance.now();
      await startVite(theirs, server);
      return { 'vite, ms': performance.now() - startedAt };
    },
  ];
  const count = quick ? 3 : 9;
  const rounds = await Rounds.run(variants, { fewest: count, most: count });
  return {
    figures: [
      figureOf('start.help', rounds.ratio('cd-cli --help, ms', 'node, ms'), {
        note: 'against an empty Node',
      }),
      figureOf('start.up', rounds.ratio('cd-cli up, ms', 'vite, ms'), { note: 'against Vite’s dev server' }),
      sizeOf('start.install', installBytes() / 1e6, 'MB'),
      ...bundleFigures(),
    ],
    details: { ...rounds.summary(), ...bundleDetails() },
  };
};

const runOf = async (args: readonly string[]): Promise<number> => {
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, { stdio: 'ignore' });
  const code = await new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}.`);
  return performance.now() - startedAt;
};

const upReady = async (project: Project): Promise<number> => {
  const startedAt = performance.now();
  await using up = new Program('cd-cli up', [cliFile, 'up', '--json', '--port', '0'], {
    cwd: project.folder,
    env: ownEnvironment(project),
    output: join(project.aside, 'up.txt'),
  });
  await up.find(lineOf(Type.Object({ type: Type.Literal('ready') })), 'being ready');
  return performance.now() - startedAt;
};

const Manifest = Type.Object({
  dependencies: Type.Optional(Type.Record(Type.String(), Type.String())),
  optionalDependencies: Type.Optional(Type.Record(Type.String(), Type.String())),
});

/** Bytes of `cd-cli` and of all that is installed with it, each package once. */
const installBytes = (): number => {
  const seen = new Map<string, number>();
  const visit = (folder: string): void => {
    if (seen.has(folder)) return;
    seen.set(folder, bytesIn(folder));
    const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    if (!Check(Manifest, manifest)) return;
    for (const name of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })) {
      const found = installedAt(folder, name);
      if (found !== undefined) visit(found);
    }
  };
  visit(realpathSync(dirname(dirname(cliFile))));
  return [...seen.values()].reduce((sum, bytes) => sum + bytes, 0);
};

/** As Node looks for it; undefined for what another platform would have. */
const installedAt = (from: string, name: string): string | undefined => {
  for (let folder = from; dirname(folder) !== folder; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (statSync(candidate, { throwIfNoEntry: false })?.isDirectory() === true)
      return realpathSync(candidate);
  }
  return undefined;
};

/** What would be in the tarball: of our own packages `dist` alone. */
const bytesIn = (folder: string): number => {
  const isOurs = !folder.includes('/node_modules/');
  const below = (path: string): number =>
    readdirSync(path, { withFileTypes: true }).reduce((sum, entry) => {
      if (entry.name === 'node_modules' || entry.isSymbolicLink()) return sum;
      const full = join(path, entry.name);
      return sum + (entry.isDirectory() ? below(full) : statSync(full).size);
    }, 0);
  return below(isOurs ? join(folder, 'dist') : folder);
};

const pageFolder = fileURLToPath(
  new URL('dist/page/', import.meta.resolve('@cd-push/shell-runtime/package.json')),
);

/**
 * What no page waits for with its first push of whole files, of any kind but assets: failures and their notes, pushed assets,
 * the first visit of a browser profile, and what comes with deltas, messages, approvals, crashes, and edits in the page. It
 * is loaded ahead when a page is idle, but for the first visit's.
 */
const later = new Set([
  'runtime-stack.js',
  'runtime-notes.js',
  'runtime-assets.js',
  'runtime-first.js',
  'runtime-seldom.js',
]);

const pageFiles = (): readonly string[] =>
  readdirSync(pageFolder).filter((name) => name.endsWith('.js') && !later.has(name));

const textOf = (name: string): string => readFileSync(join(pageFolder, name), 'utf8');

const kilobytes = (text: string): number => gzipSync(text).length / 1_000;

/**
 * Bytes of what a page loads, minified and gzipped: all of it that has to be there before a page of a known browser profile
 * takes, applies and answers its first push of whole style sheets, modules, templates or configurations, the morphing of
 * templates included; and what of it comes before a program starts, which is the runtime without the connection. What is
 * left out is {@link later}.
 */
const bundleFigures = (): Figure[] => [
  sizeOf(
    'runtime.full',
    pageFiles().reduce((sum, name) => sum + kilobytes(textOf(name)), 0),
    'KB',
  ),
  sizeOf('runtime.core', kilobytes(textOf('runtime.js')), 'KB'),
];

/** Each file by itself, and all that is loaded but for what is Socket.IO's own. */
const bundleDetails = (): Record<string, number> => ({
  ...Object.fromEntries(
    readdirSync(pageFolder)
      .filter((name) => name.endsWith('.js'))
      .map((name) => [`${name}, KB`, kilobytes(textOf(name))]),
  ),
  'runtime without Socket.IO, KB': pageFiles().reduce(
    (sum, name) => sum + kilobytes(withoutSocketIo(name)),
    0,
  ),
});

/** The text of a file without what its source map says is of Socket.IO or Engine.IO. */
const withoutSocketIo = (name: string): string => {
  const lines = textOf(name).split('\n');
  const map = new TraceMap(readFileSync(join(pageFolder, `${name}.map`), 'utf8'));
  const isTheirs = (at: number | undefined): boolean =>
    at !== undefined && /\/(?:socket|engine)\.io-|@socket\.io\//u.test(map.sources[at] ?? '');
  return lines
    .map((line, number) => {
      const segments = decodedMappings(map)[number] ?? [];
      const [first] = segments;
      const head = line.slice(0, first === undefined ? line.length : first[0]);
      const kept = segments.map(([from, at], index) =>
        isTheirs(at) ? '' : line.slice(from, segments[index + 1]?.[0] ?? line.length),
      );
      return head + kept.join('');
    })
    .join('\n');
};
