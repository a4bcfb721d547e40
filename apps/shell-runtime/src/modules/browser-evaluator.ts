import { loadedModuleOf } from './loaded-module.ts';
import type { ModuleSource } from './module-format.ts';
import type { Evaluator } from './ports.ts';

/** Maps that are kept at hand: two versions each of as many modules as a day's work changes. */
const keptMaps = 256;
/** By then a push is in place in every tab that it came to. */
const handOverAfterMs = 500;

export interface BrowserEvaluator extends Evaluator {
  /**
   * The source map of a version, by digest. That of a pushed one lies with the browser, not on the JS heap; that of a
   * served one is fetched.
   */
  readonly mapOf: (digest: string) => Promise<string | undefined>;
}

/**
 * Loads pushed modules through `blob:` URLs, which `script-src 'self' blob:` allows, and those that the served base has
 * from their own URL.
 *
 * @param baseUrl Absolute URL of the module's root, with a slash at the end.
 */
export const createBrowserEvaluator = (baseUrl: string): BrowserEvaluator => {
  const maps = new Map<string, string | Blob>();

  const keepMap = (digest: string, map: string): void => {
    if (maps.has(digest)) return;
    maps.set(digest, map);
    const [oldest] = maps.keys();
    if (maps.size > keptMaps && oldest !== undefined) maps.delete(oldest);
    // Making a blob waits for the browser's process, which has the module itself to bring meanwhile; nobody waits for this.
    setTimeout(() => {
      if (maps.has(digest)) maps.set(digest, new Blob([map]));
    }, handOverAfterMs);
  };

  return {
    async load({ digest, content, url, map }: ModuleSource) {
      if (content === undefined) {
        if (url === undefined) throw new TypeError('A module source has neither content nor URL.');
        return loadedModuleOf(await import(/* @vite-ignore */ /* webpackIgnore: true */ url), 0);
      }
      // Frames of a stack show the sourceURL. It names the digest, by which a frame is led back to its map. The content
      // itself ends with its map's name, which developer tools look for beside it: a host that serves the project as it
      // is on the disk has it there.
      const parts = [content, `\n//# sourceURL=${baseUrl}_cd/${digest}.js`];
      const blobUrl = URL.createObjectURL(new Blob(parts, { type: 'text/javascript' }));
      try {
        const importing = import(/* @vite-ignore */ /* webpackIgnore: true */ blobUrl);
        if (map !== undefined) keepMap(digest, map);
        return loadedModuleOf(await importing, content.length);
      } finally {
        URL.revokeObjectURL(blobUrl);
      }
    },

    meta: (resource) => ({ url: new URL(pathWithinModule(resource), baseUrl).href }),

    async mapOf(digest) {
      const kept = maps.get(digest);
      if (kept === undefined) return servedMap(new URL(`_cd/${digest}.js`, baseUrl));
      return typeof kept === 'string' ? kept : kept.text();
    },
  };
};

/** `/module/src/x.ts` is served at `src/x.ts` below the module's root. */
const pathWithinModule = (resource: string): string =>
  resource
    .slice(resource.indexOf('/', 1) + 1)
    .split('/')
    .map(encodeURIComponent)
    .join('/');

/** What the served base has as the map of one of its modules, if it has any. */
const servedMap = async (url: URL): Promise<string | undefined> => {
  const text = async (address: URL): Promise<string | undefined> => {
    const response = await fetch(address);
    return response.ok ? response.text() : undefined;
  };
  try {
    const name = /\/\/# sourceMappingURL=(\S+)\s*$/u.exec((await text(url)) ?? '')?.[1];
    return name === undefined ? undefined : await text(new URL(name, url));
  } catch {
    // Without a network a stack stays as it is.
    return undefined;
  }
};
