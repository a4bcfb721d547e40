import { fileURLToPath, pathToFileURL } from 'node:url';

import {
  ComponentTypeSchema,
  parseResource,
  problemOf,
  ProblemError,
  type ComponentType,
} from '@cd-push/protocol';
import { digestOf } from '@cd-push/timeline';
import Type from 'typebox';
import { Check } from 'typebox/value';

import { isCode } from '../../modules/module-format.ts';
import type { Base, BaseResource } from '../../record/base.ts';
import { parsedJson } from '../parsed-json.ts';
import { readIfThere, writeDurably, type ContentFolder } from './content-folder.ts';
import { contentPath, type StandingResource } from './standing.ts';

/** Name of the manifest below the base. */
const manifestName = 'cd-push.base.json';
/** A base that is served while its project is edited may change between the manifest and what it names. */
const readings = 3;
/** Contents that are fetched side by side. */
const sideBySide = 16;
const answerWithinMs = 15_000;

const ManifestSchema = Type.Object({
  module: Type.String({ minLength: 1 }),
  base: Type.String({ minLength: 1 }),
  resources: Type.Record(
    Type.String(),
    Type.Object({
      type: Type.Unsafe<ComponentType>(ComponentTypeSchema),
      digest: Type.String({ pattern: '^sha256-[A-Za-z0-9_-]{43}$' }),
      url: Type.String({ minLength: 1 }),
    }),
  ),
});
type Manifest = Type.Static<typeof ManifestSchema>;

export interface LoadedBase {
  readonly base: Base;
  /** All of it in files of the folder, so that a fresh start needs nobody else. */
  readonly resources: readonly StandingResource[];
  /** Why what an earlier start had fetched is used, where the base could not be reached. */
  readonly stale: string | undefined;
}

/**
 * Fetches a base, whole and checked against its digests, into a folder.
 *
 * @param from URL of a served base (http, https), or the folder of a built one.
 * @param keptManifest file in which the manifest is kept for a start at which `from` cannot be reached.
 * @throws ProblemError `unavailable`, `invalid-request` (not a base), `conflict` (contents that are not the manifest's).
 */
export const loadBase = async (
  from: string,
  folder: ContentFolder,
  keptManifest: string,
): Promise<LoadedBase> => {
  const root = rootOf(from);
  for (let reading = 1; ; reading++) {
    try {
      const manifest = await readManifest(root);
      const loaded = await take(manifest, root, folder);
      await folder.keepOnly(new Set(loaded.resources.map(({ path }) => path)));
      await writeDurably(keptManifest, JSON.stringify(manifest));
      return loaded;
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      if (error.problem.kind === 'conflict' && reading < readings) continue;
      const kept = error.problem.kind === 'unavailable' ? await readIfThere(keptManifest) : undefined;
      const manifest = kept === undefined ? undefined : parsedJson(kept.toString('utf8'));
      if (!Check(ManifestSchema, manifest)) throw error;
      return { ...(await take(manifest, root, folder)), stale: error.problem.detail };
    }
  }
};

const rootOf = (from: string): URL => {
  const isWeb = /^https?:/u.test(from);
  if (isWeb && !URL.canParse(from)) {
    throw new ProblemError(problemOf('invalid-request', { detail: `"${from}" is no URL of a base.` }));
  }
  const url = isWeb ? new URL(from) : from.startsWith('file:') ? new URL(from) : pathToFileURL(from);
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  url.search = '';
  url.hash = '';
  return url;
};

const readManifest = async (root: URL): Promise<Manifest> => {
  const url = new URL(manifestName, root);
  const bytes = await read(url);
  const detail = `There is no ${url.href}. "cd-cli build" writes it, and "cd-cli up" serves one.`;
  if (bytes === undefined) throw new ProblemError(problemOf('unavailable', { detail }));
  const value = parsedJson(bytes.toString('utf8'));
  if (Check(ManifestSchema, value) && Object.keys(value.resources).every((name) => parseResource(name).ok))
    return value;
  throw new ProblemError(problemOf('invalid-request', { detail: `${url.href} is not a base manifest.` }));
};

const take = async (manifest: Manifest, root: URL, folder: ContentFolder): Promise<LoadedBase> => {
  const entries = Object.entries(manifest.resources);
  const resources: StandingResource[] = [];
  const served = new Map<string, BaseResource>();
  const queue = entries[Symbol.iterator]();
  const work = async (): Promise<void> => {
    for (const [resource, { type, digest, url }] of queue) {
      const at = below(root, url);
      const path = contentPath(folder.dir, resource, digest);
      if (!(await folder.has(path, digest))) await fetchContent(at, path, resource, digest, folder);
      resources.push({ resource, type, digest, path });
      served.set(resource, { type, digest, url: at.href });
    }
  };
  await Promise.all(Array.from({ length: sideBySide }, work));
  const base: Base = { module: manifest.module, digest: manifest.base, resources: served };
  return { base, resources, stale: undefined };
};

/** A manifest names what lies below it; anything else is none of the base's. */
const below = (root: URL, url: string): URL => {
  const at = URL.canParse(url, root.href) ? new URL(url, root) : undefined;
  if (at?.href.startsWith(root.href) === true) return at;
  throw new ProblemError(
    problemOf('invalid-request', { detail: `The base manifest names "${url}", which is not below it.` }),
  );
};

const fetchContent = async (
  at: URL,
  path: string,
  resource: string,
  digest: string,
  folder: ContentFolder,
): Promise<void> => {
  const bytes = await read(at);
  if (bytes === undefined || (await digestOf(bytes)) !== digest) {
    const detail = `What ${at.href} holds is not what the base manifest says.`;
    throw new ProblemError(problemOf('conflict', { resource, detail }));
  }
  if (isCode(resource)) await fetchMap(at, bytes.toString('utf8'), path, folder);
  await folder.put(path, bytes);
};

/** Without its map a module runs as well; its stacks then tell places in the transformed text. */
const fetchMap = async (at: URL, text: string, path: string, folder: ContentFolder): Promise<void> => {
  const [, name, digest] = /\/\/# sourceMappingURL=((sha256-[\w-]{43})\.map)\s*$/u.exec(text) ?? [];
  if (name === undefined) return;
  const bytes = await read(new URL(name, at)).catch(() => undefined);
  if (bytes !== undefined && (await digestOf(bytes)) === digest) await folder.put(`${path}.map`, bytes);
};

/** The bytes, or undefined where there is no such file. */
const read = async (url: URL): Promise<Buffer | undefined> => {
  if (url.protocol === 'file:') return readIfThere(fileURLToPath(url));
  let response: Response;
  try {
    // A deployment replaces the manifest, templates and styles under the same names.
    response = await fetch(url, { cache: 'no-cache', signal: AbortSignal.timeout(answerWithinMs) });
    if (response.ok) return Buffer.from(await response.arrayBuffer());
  } catch (cause) {
    throw new ProblemError(
      problemOf('unavailable', { detail: `The base at ${url.origin} cannot be reached.` }),
      { cause },
    );
  }
  if (response.status === 404 || response.status === 410) return undefined;
  throw new ProblemError(problemOf('unavailable', { detail: `${url.href} answered ${response.status}.` }));
};
