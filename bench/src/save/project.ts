import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Kinds of files that are saved, and what becomes of each in the page. */
export const kinds = ['style', 'module', 'dependency', 'template', 'config'] as const;
export type Kind = (typeof kinds)[number];

/** Which product the page runs under: the same files but for how a page is started and told of templates and configs. */
export type Product = 'cd-push' | 'vite';

export const fileOf: Readonly<Record<Kind, string>> = {
  style: 'src/app.css',
  module: 'src/widget.js',
  dependency: 'src/tone.js',
  template: 'src/card.html',
  config: 'src/settings.json',
};

const rules = Array.from(
  { length: 40 },
  (_, index) => `.card-${index} { padding: ${index}px; color: rgb(${index}, 20, 30); border: 1px solid; }`,
).join('\n');
const functions = Array.from(
  { length: 40 },
  (_, index) => `const part${index} = (value) => \`<i class="part-\${${index} + value}">\${value}</i>\`;`,
).join('\n');
const items = Array.from(
  { length: 20 },
  (_, index) => `  <li class="card-${index}">entry ${index}</li>`,
).join('\n');

/** A file's text with a number in it by which the page knows the save; two to three kilobytes. */
export const textOf: Readonly<Record<Kind, (number: number) => string>> = {
  style: (number) => `:root { --saved: ${number}; }\n${rules}\n`,
  // It imports another module, and goes on from what the former one left.
  module: (number) => `import { tone } from './tone.js';

export const saved = ${number};
${functions}
export const show = (element) => {
  element.dataset.tone = String(tone);
  element.innerHTML = part0(saved) + part39(saved);
};
export const toneNow = () => tone;
import.meta.hot?.accept((next) => {
  if (next === undefined) return;
  next.show(document.querySelector('#widget'));
  globalThis.bench.applied('module', next.saved);
  globalThis.bench.applied('dependency', next.toneNow());
});
`,
  // It accepts nothing itself: its importer does.
  dependency: (number) =>
    `export const tone = ${number};\n${functions.replaceAll('const part', 'export const part')}\n`,
  template: (number) => `<p data-saved="${number}">Saved ${number}</p>\n<ul>\n${items}\n</ul>\n`,
  config: (number) => `${JSON.stringify({ saved: number, entries: items.split('\n') }, undefined, 2)}\n`,
};

const main = `import './app.css';
import './host.js';
import { show, toneNow } from './widget.js';

show(document.querySelector('#widget'));
globalThis.bench.applied('start', toneNow() > 0 ? 1 : 0);
`;

const host: Readonly<Record<Product, string>> = {
  'cd-push': `import { runtime } from 'cd-push:runtime';

runtime.config('/bench/src/settings.json').subscribe((value) => globalThis.bench.applied('config', value.saved));
await runtime.template('/bench/src/card.html', document.querySelector('#card'));
`,
  vite: `import card from './card.html?raw';
import settings from './settings.json';

const put = (text) => { document.querySelector('#card').innerHTML = text; };
put(card);
import.meta.hot.accept('./card.html?raw', (next) => put(next.default));
import.meta.hot.accept('./settings.json', (next) => globalThis.bench.applied('config', next.default.saved));
void settings;
`,
};

const page = (boot: string): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>Measured</title>
    <link rel="icon" href="data:," />
    <script type="module" src="${boot}"></script>
  </head>
  <body>
    <main id="widget"></main>
    <section id="card"></section>
  </body>
</html>
`;

/** A project on disk that can be saved into. */
export interface Project {
  readonly folder: string;
  /** A folder beside the project, for what the stack and the user's account keep. */
  readonly aside: string;
  readonly remove: () => Promise<void>;
}

export const makeProject = async (product: Product): Promise<Project> => {
  // Watchers report real paths, and the system's folder for temporary files may be a link.
  const parent = await realpath(await mkdtemp(join(tmpdir(), 'cd-push-bench-')));
  const folder = join(parent, 'bench');
  const files: Record<string, string> = {
    'package.json': `${JSON.stringify({ name: 'bench', private: true, type: 'module' })}\n`,
    'index.html': page(product === 'cd-push' ? '/cd-push/boot.js' : '/src/main.js'),
    'src/main.js': main,
    'src/host.js': host[product],
    ...Object.fromEntries(kinds.map((kind) => [fileOf[kind], textOf[kind](1)])),
  };
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  const aside = join(parent, 'aside');
  await mkdir(aside);
  await symlink(join(import.meta.dirname, '../../node_modules'), join(folder, 'node_modules'), 'junction');
  return {
    folder,
    aside,
    remove: () => rm(parent, { recursive: true, force: true, maxRetries: 5 }),
  };
};
