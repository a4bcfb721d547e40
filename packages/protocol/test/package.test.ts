import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

const packageRoot = path.resolve(import.meta.dirname, '..');
const bin = path.resolve(packageRoot, '../../node_modules/.bin');
const project = mkdtempSync(path.join(tmpdir(), 'cd-push-protocol-user-'));
afterAll(() => rmSync(project, { recursive: true, force: true }));

const run = (command: string, parameters: string[], cwd: string): string =>
  execFileSync(command, parameters, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

beforeAll(() => {
  run(path.join(bin, 'pnpm'), ['pack', '--pack-destination', project], packageRoot);
  writeFileSync(
    path.join(project, 'package.json'),
    JSON.stringify({ name: 'user', private: true, type: 'module' }),
  );
  const { version } = JSON.parse(readFileSync(path.join(packageRoot, 'package.json'), 'utf8')) as {
    version: string;
  };
  run('npm', ['install', '--no-audit', '--no-fund', `./cd-push-protocol-${version}.tgz`], project);
}, 120_000);

it('the packed package installs into an empty project and parses an envelope there', () => {
  writeFileSync(
    path.join(project, 'use.js'),
    `import { parseEnvelope, toDevSync } from '@cd-push/protocol';
     import { readFileSync } from 'node:fs';
     const sample = JSON.parse(readFileSync(new URL('./node_modules/@cd-push/protocol/fixtures/valid/patch-to-selector.json', import.meta.url), 'utf8'));
     const good = parseEnvelope(sample);
     const bad = parseEnvelope({ ...sample, pushData: { ...sample.pushData, triggerEvent: 5 } });
     console.log(JSON.stringify({ trigger: toDevSync(good.value).syncData.syncTrigger, kind: bad.problem.kind, path: bad.problem.path }));`,
  );
  expect(JSON.parse(run(process.execPath, ['use.js'], project))).toEqual({
    trigger: 'file-save',
    kind: 'invalid-envelope',
    path: '/pushData/triggerEvent',
  });
});

it('its types hold in a strict project of another', () => {
  writeFileSync(
    path.join(project, 'use.ts'),
    `import { parseEnvelope, type ICdPushEnvelop, type Problem } from '@cd-push/protocol';
     const parsed = parseEnvelope(null);
     export const outcome: ICdPushEnvelop | Problem = parsed.ok ? parsed.value : parsed.problem;
     // @ts-expect-error a guid is a text
     export const wrong: ICdPushEnvelop['pushData']['pushGuid'] = 5;`,
  );
  const options = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2024',
    '--skipLibCheck',
    'false',
    'use.ts',
  ];
  expect(run(path.join(bin, 'tsc'), options, project)).toBe('');
}, 60_000);
