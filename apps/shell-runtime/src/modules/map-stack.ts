import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';

import { digestInFrame } from './module-format.ts';

/** Gives the source map (JSON text) of the version with this digest; undefined where there is none. */
export type MapLookup = (digest: string) => string | undefined | Promise<string | undefined>;

/** `at name (url:line:column)`, `at url:line:column` and `name@url:line:column`: what V8, JSC and SpiderMonkey write. */
const location = /[^\s()@]*(sha256-[\w-]{43})[^\s()@:]*:(\d+):(\d+)/gu;

/**
 * Leads the frames of a raw stack back to the original files: `/module/src/x.ts:line:column`. Frames of other code stay
 * as they are, so does everything for which no map is to be had.
 */
export const mapStack = async (stack: string, lookup: MapLookup): Promise<string> => {
  if (!digestInFrame.test(stack)) return stack;
  const frames = [...stack.matchAll(location)];
  const digests = new Set(frames.map(([, digest = '']) => digest));
  const maps = new Map<string, TraceMap>();
  await Promise.all(
    [...digests].map(async (digest) => {
      const map = await lookup(digest);
      if (map !== undefined) maps.set(digest, new TraceMap(map));
    }),
  );
  return stack.replace(location, (raw, digest: string, line: string, column: string) => {
    const map = maps.get(digest);
    if (map === undefined) return raw;
    const found = originalPositionFor(map, { line: Number(line), column: Number(column) - 1 });
    return found.source === null ? raw : `${found.source}:${found.line}:${found.column + 1}`;
  });
};
