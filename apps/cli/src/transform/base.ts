import { readFileSync } from 'node:fs';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';

import { parseResource, type ComponentType, type Digest, type Result } from '@cd-push/protocol';

import { baseEntry, textOf, type BaseEntry, type EntryContext } from './base-entry.ts';
import { componentTypeOf } from './component-type.ts';
import { contentDigest } from './content-digest.ts';
import { patchProblem, type PatchProblem } from './patch-problem.ts';
import { askedOnce, ignoreTooling, isIgnored, kindAt, scanFiles, type Ignore } from './project-scan.ts';
import { resolveSpecifier } from './resolve-specifier.ts';
import type { ModuleOptions } from './transform-module.ts';

export interface BaseOptions extends ModuleOptions {
  /** Says what is none of the program's, besides {@link ignoreTooling}. */
  readonly ignore?: Ignore | undefined;
  /** Path under which the project's folder is served, with a slash at both ends. */
  readonly publicPath?: string | undefined;
}

/** `cd-push.base.json`: what a deployment serves, and by which a runtime knows which pushes are built on it. */
export interface BaseManifest {
  readonly module: string;
  /** Digest over all resources and their digests. */
  readonly base: Digest;
  readonly resources: Readonly<Record<string, BaseManifestEntry>>;
}

interface BaseManifestEntry {
  readonly type: ComponentType;
  readonly digest: Digest;
  /** Relative to the manifest. */
  readonly url: string;
}

export type BaseChange =
  | { readonly change: 'put'; readonly entry: BaseEntry }
  /** A file that moved with its text unchanged. */
  | { readonly change: 'rename'; readonly entry: BaseEntry; readonly from: string }
  | { readonly change: 'delete'; readonly resource: string; readonly type: ComponentType };

export interface BaseUpdate {
  /** Sorted by resource. */
  readonly changes: readonly BaseChange[];
  /** Of all files that are at fault now, changed or not. Their last good version stays in the base. */
  readonly problems: readonly PatchProblem[];
}

interface FileState {
  /** Digest of the file's bytes. */
  readonly source: Digest;
  /** As last transformed well. */
  readonly entry: BaseEntry | undefined;
  readonly problem: PatchProblem | undefined;
}

/** A project's files, transformed, and kept up to date save by save. */
export class Base {
  readonly module: string;
  readonly #root: string;
  readonly #ignore: Ignore;
  readonly #files = new Map<string, FileState>();
  readonly #styles = new Map<string, string>();
  readonly #context: EntryContext;

  constructor(root: string, module: string, options: BaseOptions) {
    const { ignore, publicPath = '/', ...moduleOptions } = options;
    this.module = module;
    this.#root = resolve(root);
    this.#ignore = (path) => ignoreTooling(path) || ignore?.(path) === true;
    this.#context = {
      project: { module, has: (path) => this.#files.has(path) },
      publicPath,
      moduleOptions,
      readStyle: (resource) => this.#styles.get(resource),
    };
  }

  /** All that is served, by resource. */
  entries(): BaseEntry[] {
    return [...this.#files.values()].map(({ entry }) => entry).filter((entry) => entry !== undefined);
  }

  entry(resource: string): BaseEntry | undefined {
    return this.#files.get(this.#pathOf(resource))?.entry;
  }

  /** An asset's bytes as they are on the disk now; undefined where it is gone or has changed since the last update. */
  bytesOf(resource: string): Uint8Array | undefined {
    const bytes = this.#read(this.#pathOf(resource), this.#ignore);
    return bytes !== undefined && contentDigest(bytes) === this.entry(resource)?.digest ? bytes : undefined;
  }

  /** Digest of a file's bytes as of the last update, at fault or not; undefined where there is none. */
  sourceDigestOf(resource: string): Digest | undefined {
    return this.#files.get(this.#pathOf(resource))?.source;
  }

  /** What would be pushed of a file with these bytes. */
  transformed(resource: string, bytes: Uint8Array): Result<BaseEntry, PatchProblem> {
    return baseEntry(resource, bytes, this.#context);
  }

  /** The resource of a path below the project's folder, or of an absolute one in it; undefined outside of it. */
  resourceOf(path: string): string | undefined {
    const below = this.#below(path);
    return below === undefined || below === '' ? undefined : `/${this.module}/${below}`;
  }

  problems(): PatchProblem[] {
    return [...this.#files.values()].map(({ problem }) => problem).filter((problem) => problem !== undefined);
  }

  manifest(): BaseManifest {
    const entries = this.entries().toSorted((a, b) => (a.resource < b.resource ? -1 : 1));
    const lines = entries.map(({ resource, digest }) => `${resource} ${digest}\n`);
    const resources = entries.map((entry): [string, BaseManifestEntry] => [
      entry.resource,
      { type: entry.type, digest: entry.digest, url: urlOf(entry) },
    ]);
    return {
      module: this.module,
      base: contentDigest(lines.join('')),
      resources: Object.fromEntries(resources),
    };
  }

  /**
   * Takes in what a watcher saw.
   *
   * @param paths Files or folders that were written, made or removed; absolute, or below the project's folder. Those that
   *   are ignored or did not change are passed over.
   */
  update(paths: Iterable<string>): BaseUpdate {
    const before = new Map<string, FileState | undefined>();
    const dirty = new Map<string, Uint8Array>();
    const ignore = askedOnce(this.#ignore);
    for (const path of this.#touched(paths, ignore)) {
      const known = this.#files.get(path);
      const bytes = this.#read(path, ignore);
      if (bytes === undefined) {
        if (known === undefined) continue;
        before.set(path, known);
        this.#files.delete(path);
        this.#styles.delete(this.#resource(path));
        continue;
      }
      const source = contentDigest(bytes);
      if (known?.source === source) continue;
      before.set(path, known);
      dirty.set(path, bytes);
      this.#files.set(path, { source, entry: known?.entry, problem: undefined });
      if (path.endsWith('.css')) this.#styles.set(this.#resource(path), textOf(bytes) ?? '');
    }
    const structural = [...before].some(([path, known]) => known === undefined || !this.#files.has(path));
    for (const path of this.#affected(before, structural)) {
      if (dirty.has(path)) continue;
      const bytes = this.#read(path, ignore);
      if (bytes === undefined) continue;
      if (!before.has(path)) before.set(path, this.#files.get(path));
      dirty.set(path, bytes);
    }
    for (const [path, bytes] of dirty) this.#transform(path, bytes);
    return { changes: this.#changes(before), problems: this.problems() };
  }

  #transform(path: string, bytes: Uint8Array): void {
    const known = this.#files.get(path);
    if (known === undefined) return;
    const resource = this.#resource(path);
    const named = parseResource(resource);
    const done = named.ok
      ? baseEntry(resource, bytes, this.#context)
      : {
          ok: false as const,
          problem: patchProblem({ resource, text: '', message: named.problem.detail ?? '', offset: 0 }),
        };
    const { source, entry } = known;
    this.#files.set(
      path,
      done.ok ? { source, entry: done.value, problem: undefined } : { source, entry, problem: done.problem },
    );
  }

  /** Files that did not change themselves, but mean something else now. */
  *#affected(changed: ReadonlyMap<string, unknown>, structural: boolean): Generator<string> {
    const styles = new Set(
      [...changed.keys()].filter((path) => path.endsWith('.css')).map((path) => this.#resource(path)),
    );
    if (!structural && styles.size === 0) return;
    for (const [path, { entry, problem }] of this.#files) {
      if (structural && (problem !== undefined || (entry !== undefined && this.#resolvesAnew(entry))))
        yield path;
      else if (
        styles.size > 0 &&
        path.endsWith('.css') &&
        (problem !== undefined || entry?.uses.some((used) => styles.has(used)) === true)
      )
        yield path;
    }
  }

  /** Whether some import of a module leads elsewhere since files came or went. */
  #resolvesAnew({ resource, imports }: BaseEntry): boolean {
    return Object.entries(imports).some(([specifier, target]) => {
      const found = resolveSpecifier(this.#context.project, resource, specifier);
      return found.kind === 'resource' ? found.resource !== target : found.kind === 'refused';
    });
  }

  #changes(before: ReadonlyMap<string, FileState | undefined>): BaseChange[] {
    /** By what they said, which several may have said. */
    const removed = new Map<Digest, string[]>();
    const changes: BaseChange[] = [];
    for (const [path, known] of before) {
      if (known?.entry !== undefined && !this.#files.has(path))
        removed.set(known.source, [...(removed.get(known.source) ?? []), path]);
    }
    for (const [path, known] of before) {
      const now = this.#files.get(path);
      if (now?.entry === undefined || now.entry.digest === known?.entry?.digest) continue;
      const alike = known === undefined ? (removed.get(now.source) ?? []) : [];
      const from = alike.find((one) => componentTypeOf(one) === componentTypeOf(path));
      if (from === undefined) {
        changes.push({ change: 'put', entry: now.entry });
      } else {
        removed.set(
          now.source,
          alike.filter((one) => one !== from),
        );
        changes.push({ change: 'rename', entry: now.entry, from: this.#resource(from) });
      }
    }
    for (const path of [...removed.values()].flat()) {
      const resource = this.#resource(path);
      changes.push({ change: 'delete', resource, type: componentTypeOf(resource) });
    }
    return changes.toSorted((a, b) => (resourceOfChange(a) < resourceOfChange(b) ? -1 : 1));
  }

  /** The files that paths stand for: folders for what is and was in them. */
  #touched(paths: Iterable<string>, ignore: Ignore): Set<string> {
    const touched = new Set<string>();
    for (const path of paths) {
      const below = this.#below(path);
      if (below === undefined || isIgnored(ignore, below)) continue;
      if (this.#files.has(below)) {
        touched.add(below);
        continue;
      }
      const kind = below === '' ? 'folder' : kindAt(this.#root, below, ignore);
      if (kind === 'file') touched.add(below);
      else {
        const prefix = below === '' ? '' : `${below}/`;
        for (const known of this.#files.keys()) if (known.startsWith(prefix)) touched.add(known);
        if (kind === 'folder') for (const found of scanFiles(this.#root, ignore, below)) touched.add(found);
      }
    }
    return touched;
  }

  #read(path: string, ignore: Ignore): Uint8Array | undefined {
    try {
      return kindAt(this.#root, path, ignore) === 'file' ? readFileSync(join(this.#root, path)) : undefined;
    } catch (error) {
      // Removed between the two looks at it.
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }

  #below(path: string): string | undefined {
    const below = relative(this.#root, isAbsolute(path) ? path : join(this.#root, path));
    if (below === '..' || below.startsWith(`..${sep}`) || isAbsolute(below)) return undefined;
    return below.split(sep).join('/');
  }

  #resource(path: string): string {
    return `/${this.module}/${path}`;
  }

  #pathOf(resource: string): string {
    return resource.slice(this.module.length + 2);
  }
}

/** Reads and transforms a whole project. Files at fault are left out; see {@link Base.problems}. */
export const buildBase = (projectDir: string, module: string, options: BaseOptions = {}): Base => {
  const base = new Base(projectDir, module, options);
  base.update(['']);
  return base;
};

/** Where an entry is served, relative to the manifest: code under its digest for good, all else under its own name. */
export const urlOf = ({ resource, type, digest }: BaseEntry): string =>
  type === 'controller' || type === 'module'
    ? `_cd/${digest}.js`
    : resource
        .slice(resource.indexOf('/', 1) + 1)
        .split('/')
        .map(encodeURIComponent)
        .join('/');

const resourceOfChange = (change: BaseChange): string =>
  change.change === 'delete' ? change.resource : change.entry.resource;
