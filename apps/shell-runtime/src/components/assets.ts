import type { VerifiedContent } from '@cd-push/timeline';

import type { Change } from '../line/push.ts';
import type { Component, Staged } from './component.ts';
import { mediaTypeOf } from './media-type.ts';
import type { References } from './references.ts';
import { renewCss, renewMarkup, renewReferences, type Undo } from './renew-references.ts';

/** Images, fonts, media: pushed bytes are served from `blob:` URLs, and every reference to them is renewed. */
export class Assets implements Component {
  readonly #references: References;
  readonly #blobs = new Map<string, string>();

  constructor(references: References) {
    this.#references = references;
    references.renewal = {
      css: (text) => renewCss(text, references),
      markup: (root) => void renewMarkup(root, references),
    };
  }

  /** Puts content in place before the program runs. */
  load(resource: string, content: VerifiedContent): void {
    this.#put(resource, blobUrl(resource, content));
  }

  /** Renews what the page refers to already. */
  renewPage(): void {
    if (this.#references.anyReplaced) renewReferences(document, this.#references);
  }

  stage(changes: readonly Change[]): Staged {
    const next = new Map<string, VerifiedContent>();
    for (const { head, content } of changes) {
      if (head.change === 'rename' && head.from !== undefined) next.set(head.from, { kind: 'deleted' });
      next.set(head.resource, content);
    }
    const former = new Map([...next.keys()].map((resource) => [resource, this.#blobs.get(resource)]));
    const fresh: (string | undefined)[] = [];
    const undos: Undo[] = [];
    return {
      apply: () => {
        for (const [resource, content] of next) {
          const url = blobUrl(resource, content);
          fresh.push(url);
          this.#put(resource, url);
        }
        undos.push(...renewReferences(document, this.#references));
      },
      restore: () => {
        for (const undo of undos.toReversed()) undo();
        for (const [resource, url] of former) this.#put(resource, url);
        this.#revoke(fresh);
      },
      commit: () => this.#revoke(former.values()),
    };
  }

  #put(resource: string, url: string | undefined): void {
    this.#references.replace(resource, url);
    if (url === undefined) this.#blobs.delete(resource);
    else this.#blobs.set(resource, url);
  }

  #revoke(urls: Iterable<string | undefined>): void {
    for (const url of urls) {
      if (url === undefined) continue;
      this.#references.forget(url);
      URL.revokeObjectURL(url);
    }
  }
}

const blobUrl = (resource: string, content: VerifiedContent): string | undefined => {
  const type = mediaTypeOf(resource);
  switch (content.kind) {
    case 'text':
      return URL.createObjectURL(new Blob([content.text], { type }));
    case 'bytes':
      return URL.createObjectURL(new Blob([content.bytes], { type }));
    case 'deleted':
      return undefined;
    default:
      return content satisfies never;
  }
};
