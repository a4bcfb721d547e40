import { problemOf, type SaveEdit } from '@cd-push/protocol';
import { expect, test } from 'vitest';

import { NodeWorld } from './node-world.ts';

/** Saves an edit when it starts, and answers with what it heard of it. */
const editor = {
  'main.ts': `import { createServer } from 'node:http';
let heard: unknown = null;
const server = createServer((request, response) => {
  if (request.url === '/save') {
    void import.meta.hot.source('/app/page.html').then(async (source) => {
      heard = await import.meta.hot.save('/app/page.html', source.replace('one', 'edited'));
    });
    response.end('saving');
  } else response.end(JSON.stringify(heard));
});
await new Promise<void>((resolve) => server.listen(process.env.SOCKET, resolve));
import.meta.hot.dispose(() => { server.close(); server.closeAllConnections(); });`,
  'page.html': '<p>one</p>\n',
};

const saved = async (world: NodeWorld): Promise<SaveEdit> => {
  await world.get('/save');
  await expect.poll(() => world.link.edits.length).toBe(1);
  return world.link.edits[0]!;
};

test('an edit goes up as the version that runs, whole, and the program hears what became of it', async () => {
  const world = await NodeWorld.create(editor);
  await world.start();
  await world.push({ 'page.html': '<p>one, pushed</p>\n' });
  const edit = await saved(world);
  expect(edit).toMatchObject({ resource: '/app/page.html', text: '<p>edited, pushed</p>\n' });
  const held = world.runtime?.state().applied['/app/page.html'];
  expect({ version: edit.version, digest: edit.digest }).toEqual(held);
  world.link.settleEdit({ edit: edit.edit, outcome: 'merged' });
  await expect.poll(() => world.get('/')).toBe('{"outcome":"merged"}');
});

test('an edit is sent again at each connection until it is heard what became of it, and the first word counts', async () => {
  const world = await NodeWorld.create(editor);
  await world.start();
  const edit = await saved(world);
  world.link.comeBack();
  await expect.poll(() => world.link.edits).toEqual([edit, edit]);
  const problem = problemOf('conflict', { resource: '/app/page.html' });
  world.link.settleEdit({ edit: edit.edit, outcome: 'conflict', problem });
  world.link.settleEdit({ edit: edit.edit, outcome: 'merged' });
  await expect.poll(() => world.get('/')).toContain('"conflict"');
  world.link.comeBack();
  expect(world.link.edits).toHaveLength(2);
});
