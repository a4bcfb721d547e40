/**
 * What a page does without of the libraries that it loads, so that a bundler can leave it out: a library is made for more than
 * one use. Each cut says why nobody misses it; one that finds no longer what it cuts fails the build.
 */
import { readFile } from 'node:fs/promises';

import { problemKinds } from '@cd-push/protocol';
import type { Plugin } from 'rolldown';
import { parseAst } from 'rolldown/parseAst';

/** Changes the text of one file of a library. */
const changed = (name: string, id: RegExp, change: (code: string) => string): Plugin => ({
  name,
  transform: { filter: { id }, handler: (code) => ({ code: change(code), map: null }) },
});

const replaced = (code: string, text: string, by: string): string => {
  if (!code.includes(text)) throw new Error(`A library has no "${text}" any more.`);
  return code.replace(text, by);
};

/** Without these methods of its classes. */
const withoutMethods = (code: string, names: readonly string[]): string => {
  const found = parseAst(code)
    .body.map((statement) =>
      statement.type === 'ExportNamedDeclaration' && statement.declaration !== null
        ? statement.declaration
        : statement,
    )
    .flatMap((statement) => (statement.type === 'ClassDeclaration' ? statement.body.body : []))
    .filter(({ type }) => type === 'MethodDefinition')
    .flatMap((member) =>
      'key' in member && member.key.type === 'Identifier' && names.includes(member.key.name) ? [member] : [],
    );
  if (found.length !== names.length)
    throw new Error(`A library has not all of ${names.join(', ')} any more.`);
  return found
    .toReversed()
    .reduce((rest, { start, end }) => `${rest.slice(0, start)}${rest.slice(end)}`, code);
};

export const pagePlugins: readonly Plugin[] = [
  // Schemas are values: making one has no effect. A bundler cannot see that of a call, and would keep every schema, and with
  // them all that makes schemas, for the sake of one constant beside them.
  changed('pure-schemas', /\/packages\/(?:protocol|client)\/dist\/.*\.js$/u, (code) =>
    code.replaceAll(/\bType\.\w+\(/gu, (call) => `/* @__PURE__ */ ${call}`),
  ),

  // The client speaks WebSocket alone; Engine.IO would bring its other transports along all the same.
  changed(
    'only-websocket',
    /\/engine\.io-client\/build\/esm\/transports\/index\.js$/u,
    () => `import { WS } from './websocket.js';\nexport const transports = { websocket: WS };\n`,
  ),
  // Where there is one transport, there is none to go over to.
  changed('no-upgrades', /\/engine\.io-client\/build\/esm\/socket\.js$/u, (code) =>
    withoutMethods(replaced(code, 'this._probe(this._upgrades[i]);', ''), ['_probe']),
  ),
  // What is not text comes as the bytes of a WebSocket's own frames, never as base64, for which long polling has a use.
  changed(
    'no-base64',
    /\/engine\.io-parser\/build\/esm\/contrib\/base64-arraybuffer\.js$/u,
    () => 'export const decode = () => new ArrayBuffer(0);\n',
  ),
  // A runtime sends JSON alone; bytes come to it and never go.
  changed('no-bytes-sent', /\/socket\.io-parser\/build\/esm\/index\.js$/u, (code) =>
    withoutMethods(replaced(code, 'hasBinary(obj)', 'false'), ['encodeAsBinary']),
  ),
  // The client hears events by their names, and has its own patience for answers.
  changed('no-catch-all', /\/socket\.io-client\/build\/esm\/socket\.js$/u, (code) =>
    withoutMethods(code, [
      'emitWithAck',
      'onAny',
      'prependAny',
      'offAny',
      'listenersAny',
      'onAnyOutgoing',
      'prependAnyOutgoing',
      'offAnyOutgoing',
      'listenersAnyOutgoing',
    ]),
  ),
  // Engine.IO takes addresses apart itself for platforms that have no URL; this needs its host, without the brackets of IPv6.
  changed(
    'platform-url',
    /\/engine\.io-client\/build\/esm\/contrib\/parseuri\.js$/u,
    () => `export const parse = (text) => {
      const { protocol, hostname, port, search } = new URL(text);
      return { protocol: protocol.slice(0, -1), host: hostname.replace(/^\\[|\\]$/g, ''), port, query: search.slice(1) };
    };\n`,
  ),
  // Long polling registers itself with the page where it is loaded, and the client's entry adds to a function that nobody
  // calls here.
  {
    name: 'no-side-effects',
    transform: {
      filter: {
        id: /\/engine\.io-client\/build\/esm\/transports\/polling-xhr\.js$|\/socket\.io-client\/build\/esm\/index\.js$/u,
      },
      handler: (code) => ({ code, map: null, moduleSideEffects: false }),
    },
  },

  // A runtime pushes nothing, so that the check of the answer to a push is of no use in a page.
  changed('no-pushes', /\/packages\/client\/dist\/connection\/answers\.js$/u, (code) =>
    replaced(code, 'isPushAnswer(answer)', 'false'),
  ),

  // Nothing here goes through a database with a cursor.
  changed('no-cursors', /\/idb\/build\/index\.js$/u, (code) => {
    const from = code.indexOf('const advanceMethodProps');
    const to = code.indexOf('export {', from);
    if (from === -1 || to === -1) throw new Error('idb iterates in another way by now.');
    return code.slice(0, from) + code.slice(to);
  }),

  // Names a script in a wrapper as its file for browsers, for which a bundler adds a loader; the same as a module lies beside it.
  {
    name: 'unwrapped',
    load: {
      filter: { id: /\/resolve-uri\.umd\.js$/u },
      handler: (id) => readFile(id.replace('.umd.js', '.mjs'), 'utf8'),
    },
  },
];

/** The file of the bundler's own helper, on which the others would wait in a row. */
export const helperFile = 'rolldown-runtime.js';

/** Gives each file that is loaded under several names its own means to tell them apart, in the line that would import them. */
export const ownNamespaces: Plugin = {
  name: 'own-namespaces',
  renderChunk: (code) => ({
    code: code.replace(
      /^import \{ \w+ as (\w+) \} from "\.\/rolldown-runtime\.js";$/mu,
      (_, helper: string) =>
        `const ${helper} = (all) => { const names = { __proto__: null }; for (const name in all) Object.defineProperty(names, name, { get: all[name] }); return names; };`,
    ),
    map: null,
  }),
};

const kindsFile = /\/protocol\/dist\/problem-kinds\.js$/u;

/**
 * Leaves of all kinds of problems those that the other modules name: nobody can make another one.
 *
 * @param modules code by path, as it is bundled.
 */
export const onlyKindsNamedIn = (modules: ReadonlyMap<string, string>): Plugin => {
  const named = new Set(
    [...modules].flatMap(([id, code]) =>
      kindsFile.test(id) ? [] : [...code.matchAll(/(["'`])([a-z-]+)\1/gu)].map(([, , word]) => word),
    ),
  );
  const kinds = Object.entries(problemKinds).filter(([kind]) => named.has(kind));
  const code = `export const problemKinds = ${JSON.stringify(Object.fromEntries(kinds))};\n`;
  return changed('only-kinds-named', kindsFile, () => code);
};
