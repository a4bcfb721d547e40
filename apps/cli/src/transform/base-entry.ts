import type { ComponentType, Digest, Result } from '@cd-push/protocol';

import { componentTypeOf } from './component-type.ts';
import { contentDigest } from './content-digest.ts';
import { patchProblem, type PatchProblem } from './patch-problem.ts';
import { resolveSpecifier, type ProjectFiles } from './resolve-specifier.ts';
import { transformModule, type ModuleOptions } from './transform-module.ts';
import { transformStyle } from './transform-style.ts';

/** One resource as it is pushed and served. */
export interface BaseEntry {
  readonly resource: string;
  readonly type: ComponentType;
  readonly digest: Digest;
  /** Absent for an asset, whose bytes stay on the disk: `Base.bytesOf`. */
  readonly content?: string;
  /** For code: source map of `content`, and its digest. */
  readonly map?: string;
  readonly mapDigest?: Digest;
  /** The file's own text, where `content` was made of it. */
  readonly source?: string;
  /** Of code: specifiers as written, to resources or to what stays as it is. */
  readonly imports: Readonly<Record<string, string>>;
  /** Of a style sheet: those whose text is part of it. */
  readonly uses: readonly string[];
}

export interface EntryContext {
  readonly project: ProjectFiles;
  readonly publicPath: string;
  readonly moduleOptions: ModuleOptions;
  /** Text of another style sheet of the project. */
  readonly readStyle: (resource: string) => string | undefined;
}

const alone = { imports: {}, uses: [] } as const;

/** Turns a file's bytes into what is pushed and served. */
export const baseEntry = (
  resource: string,
  bytes: Uint8Array,
  context: EntryContext,
): Result<BaseEntry, PatchProblem> => {
  const type = componentTypeOf(resource);
  if (type === 'asset') {
    return { ok: true, value: { resource, type, digest: contentDigest(bytes), ...alone } };
  }
  const text = textOf(bytes);
  const refuse = (message: string, offset = 0): Result<BaseEntry, PatchProblem> => ({
    ok: false,
    problem: patchProblem({ resource, text: text ?? '', message, offset }),
  });
  if (text === undefined) return refuse('The file is not UTF-8 text.');
  switch (type) {
    case 'controller':
    case 'module': {
      const done = transformModule({
        resource,
        text,
        resolve: (specifier) => resolveSpecifier(context.project, resource, specifier),
        options: context.moduleOptions,
      });
      if (!done.ok) return done;
      const { content, digest, map, mapDigest, imports } = done.value;
      return {
        ok: true,
        value: { resource, type, digest, content, map, mapDigest, source: text, imports, uses: [] },
      };
    }
    case 'style': {
      const { publicPath, readStyle, project } = context;
      const done = transformStyle({ resource, text, module: project.module, publicPath, read: readStyle });
      if (!done.ok) return done;
      const { content, digest, imported } = done.value;
      return {
        ok: true,
        value: { resource, type, digest, content, source: text, imports: {}, uses: imported },
      };
    }
    case 'config': {
      const fault = jsonFault(text);
      if (fault !== undefined) return refuse(fault.message, fault.offset);
      return { ok: true, value: { resource, type, digest: contentDigest(bytes), content: text, ...alone } };
    }
    case 'template':
      return { ok: true, value: { resource, type, digest: contentDigest(bytes), content: text, ...alone } };
    default:
      return type satisfies never;
  }
};

/** Byte order marks stay: the digest is that of the file's bytes. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export const textOf = (bytes: Uint8Array): string | undefined => {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
};

const jsonFault = (text: string): { message: string; offset: number } | undefined => {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const offset = Number(/at position (\d+)/u.exec(message)?.[1] ?? text.length);
    return { message: message.replace(/ at position \d+.*$/su, '.').replace(/(?<![.])$/u, '.'), offset };
  }
};
