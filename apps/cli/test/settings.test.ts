import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { modes, triggers } from '../src/commands/shared-flags.ts';
import { loadSettings } from '../src/settings/load-settings.ts';
import { syncModes, syncTriggers } from '../src/settings/project-config.ts';
import { cli, makeWorkshop, type Workshop } from './support/workshop.ts';

let workshop: Workshop;
beforeEach(() => {
  workshop = makeWorkshop({ 'package.json': '{"name":"@acme/shop"}', 'src/deep/file.ts': '' });
});
afterEach(() => workshop[Symbol.dispose]());

const config = (source: string): void => workshop.write('cd-push.config.ts', source);
const load = (env: Record<string, string> = {}, flags = {}, from?: string) =>
  loadSettings({ process: { env }, cwd: workshop.root }, flags, from);

test('without a configuration file there is a default for everything', async () => {
  const { settings } = await load();
  expect(settings).toMatchObject({
    module: 'shop',
    root: workshop.root,
    environment: 'development',
    syncAtSave: true,
    syncSilent: false,
    syncMode: 'local',
    syncTrigger: 'file-save',
    dataFolder: join(workshop.root, '.cd-push'),
  });
});

test('a flag goes before a variable, that before the file, that before the default', async () => {
  config(`export default { environment: 'file' as const, syncMode: 'hybrid', syncSilent: true };`);
  const variables = { CD_PUSH_ENVIRONMENT: 'variable', CD_PUSH_SYNC_SILENT: 'false' };
  const all = await load(variables, { environment: 'flag' });
  expect(all.settings).toMatchObject({
    environment: 'flag',
    syncSilent: false,
    syncMode: 'hybrid',
    syncAtSave: true,
  });
  expect(Object.fromEntries(all.sources)).toMatchObject({
    environment: 'flag',
    syncSilent: 'environment',
    syncMode: 'file',
    syncAtSave: 'default',
  });
  expect((await load(variables)).settings.environment).toBe('variable');
});

test('the file of the nearest folder upwards counts, and paths in it start there', async () => {
  config(`export default { module: 'm', root: 'src', dataFolder: 'var/stack' };`);
  const { settings } = await load({}, {}, join(workshop.root, 'src/deep/file.ts'));
  expect(settings).toMatchObject({
    module: 'm',
    root: join(workshop.root, 'src'),
    dataFolder: join(workshop.root, 'var/stack'),
  });
});

test('the relay of the configuration may be an address or both addresses', async () => {
  config(
    `export default { relays: { remote: 'https://api.example/', local: { apiUrl: 'http://127.0.0.1:1', relayUrl: 'http://127.0.0.1:2' } } };`,
  );
  const { settings } = await load();
  expect(settings.relays).toEqual({
    remote: { apiUrl: 'https://api.example', relayUrl: undefined },
    local: { apiUrl: 'http://127.0.0.1:1', relayUrl: 'http://127.0.0.1:2' },
  });
});

test.each([
  [
    'an unknown setting',
    `export default { enviroment: 'x' };`,
    'Did you mean environment? Known settings: module',
  ],
  [
    'a value that is not allowed',
    `export default { syncMode: 'everywhere' };`,
    `'local', 'remote', 'hybrid'`,
  ],
  ['a value of another kind', `export default { syncAtSave: 'yes' };`, 'syncAtSave is "yes"'],
  [
    'a wrong value deep within',
    `export default { relays: { remote: 5 } };`,
    `{ remote: 'https://api.example' }`,
  ],
  ['no object', `export default 5;`, 'the configuration is 5'],
  ['no default export', `export const config = {};`, 'default export'],
  ['a file that does not run', `export default {`, 'cannot be loaded'],
])('%s is a usage error that names the place', async (_name, source, told) => {
  config(source);
  const { code, stderr } = await cli(['config'], { cwd: workshop.root, env: workshop.env });
  expect(code).toBe(2);
  expect(stderr).toContain(told);
  expect(stderr).toContain('cd-push.config.ts');
  expect(stderr).not.toMatch(/schema|anyOf|additional properties/u);
});

test('a configuration in a package that names no type is loaded without a warning', () => {
  config(`import { join } from 'node:path';\nexport default { root: join('s', '..', 'src') as string };`);
  const program = join(import.meta.dirname, '../dist/main.js');
  const { stdout, stderr } = spawnSync(process.execPath, [program, 'config'], {
    cwd: workshop.root,
    env: { ...process.env, ...workshop.env },
    encoding: 'utf8',
  });
  expect(JSON.parse(stdout)).toMatchObject({ root: join(workshop.root, 'src') });
  expect(stderr).toBe('');
});

test('a variable with a value that is none is a usage error', async () => {
  const { code, stderr } = await cli(['config'], {
    cwd: workshop.root,
    env: { ...workshop.env, CD_PUSH_SYNC_MODE: 'nowhere' },
  });
  expect(code).toBe(2);
  expect(stderr).toContain('local, remote, hybrid');
});

test('config prints every setting as JSON, and with --sources where it came from', async () => {
  config(`export default { environment: 'production' };`);
  const plain = await cli(['config'], { cwd: workshop.root, env: workshop.env });
  expect(JSON.parse(plain.stdout)).toMatchObject({
    environment: 'production',
    targets: null,
    runningStack: null,
  });
  expect(plain.stderr).toBe('');
  const { stdout } = await cli(['config', '--sources', '--mode=remote'], {
    cwd: workshop.root,
    env: workshop.env,
  });
  expect(JSON.parse(stdout)).toMatchObject({
    environment: { value: 'production', from: 'file' },
    syncMode: { value: 'remote', from: 'flag' },
    syncAtSave: { value: true, from: 'default' },
  });
});

test('watch with syncAtSave off is a usage error', async () => {
  config(`export default { syncAtSave: false };`);
  const { code, stderr } = await cli(['watch'], { cwd: workshop.root, env: workshop.env });
  expect(code).toBe(2);
  expect(stderr).toContain('syncAtSave');
});

test('without a stack a command says how to start one', async () => {
  const { code, stderr } = await cli(['targets'], { cwd: workshop.root, env: workshop.env });
  expect(code).toBe(1);
  expect(stderr).toContain('cd-cli up');
});

test('flags know the values that settings know', () => {
  expect([...modes]).toEqual([...syncModes]);
  expect([...triggers]).toEqual([...syncTriggers]);
});
