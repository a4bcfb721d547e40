/**
 * What a page does without of the libraries that it loads, so that a bundler can leave it out: a library is made for more than
 * one use. Each cut says why nobody misses it; one that finds no longer what it cuts fails the build.
 */
import { readFile } from 'node:fs/promises';

import { limits, problemKinds } from '@cd-push/protocol';
import type { Plugin } from 'rolldown';

import { changed, replaced, settled, without, withoutMethods } from './cuts.ts';
import { idiomorphCuts } from './idiomorph-cuts.ts';
import { socketIoCuts } from './socket-io-cuts.ts';

const plainBase = `return {
  encode: (bytes) => prefix + encode(bytes),
  decode: (text) => decode(text.slice(prefix.length)),
};`;

export const pagePlugins: readonly Plugin[] = [
  // Schemas are values: making one has no effect. A bundler cannot see that of a call, and would keep every schema, and with
  // them all that makes schemas, for the sake of one constant beside them.
  changed('pure-schemas', /\/packages\/(?:protocol|client)\/dist\/.*\.js$/u, (code) =>
    code.replaceAll(/\bType\.\w+\(/gu, (call) => `/* @__PURE__ */ ${call}`),
  ),

  // Of the table of limits a page needs a few numbers; a bundler keeps an object whole.
  changed(
    'limits-as-numbers',
    /\/packages\/(?:protocol|client|timeline)\/dist\/.*\.js$|\/shell-runtime\/src\/.*\.ts$/u,
    (code) =>
      code.replaceAll(/(?<![.#\w])limits\.(\w+)/gu, (text, name: string) =>
        name in limits ? String(Reflect.get(limits, name)) : text,
      ),
  ),

  // Of the alphabets one is used; that the others can be left out is not to be seen from a call.
  changed('one-alphabet', /\/multiformats\/dist\/src\/bases\/base32\.js$/u, (code) =>
    replaced(code, '= rfc4648(', '= /* @__PURE__ */ rfc4648('),
  ),
  // What is encoded is bytes, and what is decoded has the prefix already: both were looked at before.
  changed('one-base', /\/multiformats\/dist\/src\/bases\/base\.js$/u, (code) => {
    const cut = without(code, 'class Encoder {', 'export function from(');
    // The alphabet that is used has no padding, and what is decoded is in small letters.
    const bare = without(cut, "while (string[end - 1] === '=') {", 'const out = new Uint8Array(');
    return settled(bare, {
      'return new Codec(name, prefix, encode, decode);': plainBase,
      "const pad = alphabet[alphabet.length - 1] === '=';": 'const pad = false;',
      'if (caseInsensitive) {': 'if (false) {',
    });
  }),

  ...socketIoCuts,

  // A runtime pushes nothing, so that the check of the answer to a push is of no use in a page.
  changed('no-pushes', /\/packages\/client\/dist\/connection\/answers\.js$/u, (code) =>
    replaced(code, 'isPushAnswer(answer)', 'false'),
  ),
  // Nor is it a person, who would sign turns of a synchronisation, and give up a relay that cannot be reached.
  changed('no-persons', /\/packages\/client\/dist\/connection\/connection\.js$/u, (code) =>
    settled(
      without(
        withoutMethods(code, ['push', 'syncSigning', 'signer']),
        'const isUsable = this.#person',
        '}\n',
      ),
      {
        "!('connecting' in this.#session)": 'true',
        'const person = this.#person;': '',
        'if (person !== undefined)\n                await this.#prove?.(this.#socket, person);': '',
        'show(this.#person === undefined ? { token } : { token, genesis: this.#person.genesis });':
          'show({ token });',
        'this.#person ?? this.#session': 'this.#session',
        "if (patience === 'first-failure' && status.problem !== undefined)": 'if (false)',
      },
    ),
  ),

  // Nothing here goes through a database with a cursor, asks one but by its transactions, or waits for another tab to close.
  changed('no-cursors', /\/idb\/build\/index\.js$/u, (code) => {
    let cut = without(code, 'const readMethods', 'export {');
    cut = without(cut, 'function getCursorAdvanceMethods', 'const transactionDoneMap');
    cut = replaced(cut, 'getCursorAdvanceMethods().includes(func)', 'false');
    cut = without(cut, 'if (blocked) {', 'openPromise\n');
    // Nothing is set on what it wraps, nor looked for in it.
    cut = without(cut, 'set(target, prop, value) {', 'function replaceTraps', '};\n');
    return without(cut, 'if (terminated)', 'if (blocking) {');
  }),

  // What a page brings into canonical form was parsed from JSON: it has no cycles, and nothing in it has a form of its own.
  changed('parsed-json', /\/canonicalize\/lib\/canonicalize\.js$/u, (code) => {
    const plain = without(code, 'let wrappers = null;', 'return {\n    container: value');
    const once = without(plain, 'seen.delete(container);', 'stack.pop();');
    return settled(once, {
      'first: true,': 'first: true',
      '// toJSON wrappers to release from `seen` when this frame completes.\n    wrappers': '',
      'const seen = new Set();': '',
      'enterValue(object, seen)': 'enterValue(object)',
      'enterValue(value, seen)': 'enterValue(value)',
      'enterValue (value, seen)': 'enterValue (value)',
      "typeof child !== 'object'": 'false',
      "typeof root !== 'object'": 'false',
      'child === undefined': 'false',
    });
  }),

  idiomorphCuts,

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
