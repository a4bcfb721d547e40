/**
 * Makes the program that people run, dist/main.js, of few files: half a second of every command's start went into finding and
 * reading over a thousand. What a command needs besides lies in dist/chunks, and is loaded with it. What only some commands
 * need and is large by itself stays where it is installed; so do api and relay, which `up` runs, with their own share of the
 * packages that are bundled here.
 */
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { rolldown } from 'rolldown';

const at = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

const installed = [
  /^node:/u,
  /^@cd-push\/(?:api|relay|syntax)$/u,
  /^(?:rolldown|oxc-transform|selfsigned)$/u,
  // Which the WebSocket library asks for, and does without.
  /^(?:bufferutil|utf-8-validate)$/u,
];

await rm(at('dist/chunks'), { recursive: true, force: true });
const build = await rolldown({ input: { main: at('src/main.ts') }, platform: 'node', external: installed });
try {
  await build.write({
    dir: at('dist'),
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
    sourcemap: true,
    comments: { legal: true, annotation: false, jsdoc: false },
  });
} finally {
  await build.close();
}
