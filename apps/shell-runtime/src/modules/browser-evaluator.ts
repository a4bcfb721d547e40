import { onDemand } from '../on-demand.ts';
import { loadedModuleOf } from './loaded-module.ts';
import type { LoadedModule, ModuleSource } from './module-format.ts';
import type { Evaluator } from './ports.ts';

/** Maps that are kept at hand: two versions each of as many modules as a day's work changes. */
const keptMaps = 256;

export interface BrowserEvaluator extends Evaluator {
  /**
   * The source map of a version, by digest. That of a pushed one is kept as bytes, which lie beside the JS heap; that of a
   * served one is fetched.
   */
  readonly mapOf: (digest: string) => Promise<string | undefined>;
}

/** UTF-16 units; beyond, writing a text as an address takes longer than it saves. */
const dataAtMost = 64 * 1024;

/**
 * Loads pushed modules through `blob:` URLs, which `script-src 'self' blob:` allows, and those that the served base has
 * from their own URL.
 *
 * @param baseUrl Absolute URL of the module's root, with a slash at the end.
 * @param dataScripts whether the page has no policy against `data:` scripts. Other processes of the browser have to be asked
 *   for a blob twice, which is most of the time that a small module takes.
 */
export const createBrowserEvaluator = (baseUrl: string, dataScripts = false): BrowserEvaluator => {
  const maps = new Map<string, Uint8Array>();
  let mayBeData = dataScripts;

  const imported = async (text: string): Promise<LoadedModule> => {
    if (!mayBeData || text.length > dataAtMost) return loadedModuleOf(await importBlob(text), text.length);
    try {
      const url = `data:text/javascript;charset=utf-8,${encodeURIComponent(text)}`;
      return loadedModuleOf(await importUrl(url), url.length + text.length);
    } catch {
      // What is wrong with the module itself is said again. Otherwise it was a policy, and is one from now on.
      const loaded = loadedModuleOf(await importBlob(text), text.length);
      mayBeData = false;
      return loaded;
    }
  };

  const keepMap = (digest: string, map: string): void => {
    if (maps.has(digest)) return;
    // A blob would wait for the browser's process.
    maps.set(digest, new TextEncoder().encode(map));
    const [oldest] = maps.keys();
    if (maps.size > keptMaps && oldest !== undefined) maps.delete(oldest);
  };

  return {
    async load({ digest, content, url, map }: ModuleSource) {
      if (content === undefined) {
        if (url === undefined) throw new TypeError('A module source has neither content nor URL.');
        return loadedModuleOf(await importUrl(url), 0);
      }
      // Frames of a stack show the sourceURL. It names the digest, by which a frame is led back to its map. The content
      // itself ends with its map's name, which developer tools look for beside it: a host that serves the project as it
      // is on the disk has it there.
      const importing = imported(`${content}\n//# sourceURL=${baseUrl}_cd/${digest}.js`);
      if (map !== undefined) keepMap(digest, map);
      return importing;
    },

    meta: (resource) => ({ url: new URL(pathWithinModule(resource), baseUrl).href }),

    async mapOf(digest) {
      const kept = maps.get(digest);
      if (kept === undefined) {
        const { servedMap } = await onDemand(import('./served-map.ts'));
        return servedMap(new URL(`_cd/${digest}.js`, baseUrl));
      }
      return new TextDecoder().decode(kept);
    },
  };
};

const importUrl = (url: string): Promise<unknown> => import(/* @vite-ignore */ /* webpackIgnore: true */ url);

const importBlob = async (text: string): Promise<unknown> => {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));
  try {
    return await importUrl(url);
  } finally {
    URL.revokeObjectURL(url);
  }
};

/** `/module/src/x.ts` is served at `src/x.ts` below the module's root. */
const pathWithinModule = (resource: string): string =>
  resource
    .slice(resource.indexOf('/', 1) + 1)
    .split('/')
    .map(encodeURIComponent)
    .join('/');
