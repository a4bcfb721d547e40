import { fileURLToPath } from 'node:url';

import { rolldown } from 'rolldown';
import { expect, test } from 'vitest';

/** What a page's runtime takes of the client and the protocol; its packages' roots, without any plugin. */
const entry = fileURLToPath(new URL('page.js', import.meta.url));
const source = `
  export { connectRuntime, enrol, fetchContent, runtimeSession } from '${fileURLToPath(new URL('../dist/index.js', import.meta.url))}';
  export { isCdPushEnvelop, isStatement, matchesTarget, problemOf } from '@cd-push/protocol';
`;

/** What is left in a bundle for browsers: its code, and the modules that it is of. */
const bundled = async (): Promise<{ code: string; modules: string[] }> => {
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
  const [{ code, modules }] = output;
  const left = Object.entries(modules).flatMap(([id, { renderedLength }]) =>
    renderedLength > 0 ? [id] : [],
  );
  return { code, modules: left };
};

test('a page that connects brings no schemas along: of typebox, what compiled checks call and nothing else', async () => {
  const { modules } = await bundled();
  expect(modules.filter((id) => id.includes('/socket.io-client/'))).not.toEqual([]);
  const schemas = /\/(?:protocol\/dist\/(?:wire\/|http\/|schemas|parse)|typebox\/build\/(?!guard\/))/u;
  expect(modules.filter((id) => schemas.test(id))).toEqual([]);
});

test('a runtime’s page brings nothing along that only senders and observers need, or who synchronises', async () => {
  const { code, modules } = await bundled();
  expect(modules.filter((id) => id.endsWith('/client/dist/connection/connection.js'))).toHaveLength(1);
  expect(modules.filter((id) => /\/client\/dist\/(?:outbox|publisher|observe)\/|\/idb\//u.test(id))).toEqual(
    [],
  );
  expect(code).toContain('isWelcome');
  expect(code).not.toMatch(/open-sync|sync-turn|list-timelines/u);
  expect(code).not.toMatch(/is(?:GetHeads|GetTrack|GetPush|ListPushes|Observe|GetAudit)Answer/u);
});
