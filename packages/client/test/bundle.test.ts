import { fileURLToPath } from 'node:url';

import { rolldown } from 'rolldown';
import { expect, test } from 'vitest';

/** What a page's runtime takes of the client and the protocol; its packages' roots, without any plugin. */
const entry = fileURLToPath(new URL('page.js', import.meta.url));
const source = `
  export { connect, enrol, runtimeSession } from '${fileURLToPath(new URL('../dist/index.js', import.meta.url))}';
  export { isCdPushEnvelop, isStatement, matchesTarget, problemOf } from '@cd-push/protocol';
`;

/** Modules that are left in a bundle for browsers. */
const bundled = async (): Promise<string[]> => {
  const build = await rolldown({
    input: entry,
    platform: 'browser',
    plugins: [
      {
        name: 'page',
        resolveId: (id) => (id === entry ? entry : undefined),
        load: (id) => (id === entry ? source : undefined),
      },
    ],
  });
  const { output } = await build.generate({ format: 'esm', codeSplitting: false });
  await build.close();
  const [{ modules }] = output;
  return Object.entries(modules).flatMap(([id, { renderedLength }]) => (renderedLength > 0 ? [id] : []));
};

test('a page that connects brings no schemas along: of typebox, what compiled checks call and nothing else', async () => {
  const modules = await bundled();
  expect(modules.filter((id) => id.includes('/socket.io-client/'))).not.toEqual([]);
  const schemas = /\/(?:protocol\/dist\/(?:wire\/|http\/|schemas|parse)|typebox\/build\/(?!guard\/))/u;
  expect(modules.filter((id) => schemas.test(id))).toEqual([]);
});
