import type { ComponentType } from '@cd-push/protocol';

/** One resource of the served base. */
export interface BaseResource {
  readonly type: ComponentType;
  readonly digest: string;
  /** Absolute URL of its content. */
  readonly url: string;
}

/** What the program was served with; every push is applied on top of it. */
export interface Base {
  readonly module: string;
  /** Digest over all of it, or null where nothing is served. */
  readonly digest: string | null;
  readonly resources: ReadonlyMap<string, BaseResource>;
  /** Absolute URLs of the packages that code imports by their bare names, where the host serves them to pages. */
  readonly packages?: ReadonlyMap<string, string>;
}
