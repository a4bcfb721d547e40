import { extname, join } from 'node:path';

import type { ComponentType } from '@cd-push/protocol';
import type { VerifiedContent } from '@cd-push/timeline';

import type { Change } from '../../line/push.ts';
import { isCode } from '../../modules/module-format.ts';
import type { ContentFolder } from './content-folder.ts';

/** One resource as it stands, its content in a file that is named by its digest. */
export interface StandingResource {
  readonly resource: string;
  readonly type: ComponentType;
  readonly digest: string;
  /** Absolute. Code is under a name that Node imports as an ES module. */
  readonly path: string;
}

/** Content that a push brought, not necessarily in its file yet. */
export interface PushedResource {
  readonly resource: string;
  readonly type: ComponentType;
  readonly digest: string;
  readonly content: Exclude<VerifiedContent, { readonly kind: 'deleted' }>;
}

/** Where the content of a resource is kept. The extension stays, since programs judge a file by it. */
export const contentPath = (dir: string, resource: string, digest: string): string => {
  if (isCode(resource)) return join(dir, `${digest}.mjs`);
  const extension = extname(resource);
  return join(dir, /^\.\w{1,16}$/u.test(extension) ? `${digest}${extension}` : digest);
};

/** All that a program runs with: the base, and what was pushed on top of it. Never changed, only followed. */
export class Standing {
  readonly #resources: ReadonlyMap<string, StandingResource | PushedResource>;

  constructor(resources: ReadonlyMap<string, StandingResource | PushedResource>) {
    this.#resources = resources;
  }

  /** What stands once these changes are applied. */
  with(changes: readonly Change[]): Standing {
    const next = new Map(this.#resources);
    for (const { head, content } of changes) {
      const { resource, digest, componentType: type } = head;
      if (head.change === 'rename' && head.from !== undefined) next.delete(head.from);
      if (content.kind === 'deleted' || digest === null) next.delete(resource);
      else next.set(resource, { resource, type, digest, content });
    }
    return new Standing(next);
  }

  /** Every resource in its file, from which a thread can start. */
  async inFiles(folder: ContentFolder): Promise<StandingResource[]> {
    return Promise.all(
      [...this.#resources.values()].map(async (standing) => {
        if (!('content' in standing)) return standing;
        const { resource, type, digest, content } = standing;
        const path = contentPath(folder.dir, resource, digest);
        if (!(await folder.has(path, digest))) {
          await folder.put(path, content.kind === 'text' ? content.text : content.bytes);
          if (content.kind === 'text' && content.map !== undefined)
            await folder.put(`${path}.map`, content.map);
        }
        return { resource, type, digest, path };
      }),
    );
  }
}
