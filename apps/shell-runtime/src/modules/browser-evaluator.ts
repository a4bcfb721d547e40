import { loadedModuleOf } from './loaded-module.ts';
import type { ModuleSource } from './module-format.ts';
import type { Evaluator } from './ports.ts';

/** Maps whose blobs are kept at hand: two versions each of as many modules as a day's work changes. */
const keptMaps = 256;

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
  const maps = new Map<string, { readonly blob: Blob; readonly url: string }>();

  const keepMap = (digest: string, map: string): string => {
    const known = maps.get(digest);
    if (known !== undefined) return known.url;
    const blob = new Blob([map], { type: 'application/json' });
    const url = URL.createObjectURL(blob);
    maps.set(digest, { blob, url });
    for (const [oldest, { url: expired }] of maps) {
      if (maps.size <= keptMaps) break;
      maps.delete(oldest);
      URL.revokeObjectURL(expired);
    }
    return url;
  };

  return {
    async load({ digest, content, url, map }: ModuleSource) {
      if (content === undefined) {
        if (url === undefined) throw new TypeError('A module source has neither content nor URL.');
        return loadedModuleOf(await import(/* @vite-ignore */ /* webpackIgnore: true */ url), 0);
      }
      // Frames of a stack show the sourceURL. It names the digest, by which a frame is led back to its map.
      const tail = [`\n//# sourceURL=${baseUrl}_cd/${digest}.js`];
      if (map !== undefined) tail.push(`\n//# sourceMappingURL=${keepMap(digest, map)}`);
      const blobUrl = URL.createObjectURL(new Blob([content, ...tail], { type: 'text/javascript' }));
      try {
        return loadedModuleOf(
          await import(/* @vite-ignore */ /* webpackIgnore: true */ blobUrl),
          content.length,
        );
      } finally {
        URL.revokeObjectURL(blobUrl);
      }
    },

    meta: (resource) => ({ url: new URL(pathWithinModule(resource), baseUrl).href }),

    mapOf: async (digest) => maps.get(digest)?.blob.text() ?? servedMap(new URL(`_cd/${digest}.js`, baseUrl)),
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
