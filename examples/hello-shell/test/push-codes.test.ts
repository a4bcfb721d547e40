import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { Program } from '../demo/program.ts';
import { makeWorkplace, type Workplace } from '../demo/workplace.ts';
import { endOf, run, type Ended } from './support/run.ts';

const root = join(import.meta.dirname, '../../..');
const packages = join(import.meta.dirname, '../node_modules/@cd-push');
const cliFile = join(packages, 'cli/dist/main.js');
const runtimeFile = join(packages, 'shell-runtime/dist/node/main.js');
/** Ends what hangs. */
const startMs = 60_000;

let owner: AsyncDisposableStack;
let place: Workplace;
let service: Program;
let env: NodeJS.ProcessEnv;

/** Everything is started from the repository's root, as somebody does who has just set it up. */
beforeAll(async () => {
  owner = new AsyncDisposableStack();
  place = await makeWorkplace();
  owner.defer(() => place.remove());
  env = { ...process.env, CD_PUSH_CONFIG_HOME: place.home };
  const up = owner.use(
    new Program({
      name: 'cd-cli up',
      args: [cliFile, 'up', place.project, '--json', '--port', '0'],
      cwd: root,
      env,
    }),
  );
  const ready = await up.find((line) => JSON.parse(line) as Record<string, string>, 'being ready', startMs);
  const { apiUrl = '', relayUrl = '', pageUrl = '', joinCode } = ready;
  const options = {
    base: pageUrl,
    entry: '/hello-shell/service/main.ts',
    api: apiUrl,
    relay: relayUrl,
    state: join(place.home, 'service'),
    project: place.project,
    name: 'greeter',
  };
  service = owner.use(
    new Program({
      name: 'cd-node-runtime',
      args: [runtimeFile, ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])],
      cwd: root,
      env: { ...env, CD_PUSH_JOIN_CODE: joinCode },
    }),
  );
  await service.find((line) => /http:\S+/u.exec(line)?.[0], 'its address', startMs);
  const targets = () => run([cliFile, 'targets', '--json'], { cwd: place.project, env });
  const isConnected = async (): Promise<boolean> =>
    (await targets()).lines.join().includes('"connected":true');
  await vi.waitUntil(isConnected, startMs);
});
afterAll(() => owner.disposeAsync());

const push = (file: string, ...flags: string[]): Promise<Ended> =>
  run([cliFile, 'push', 'runtime', join(place.project, file), ...flags], { cwd: root, env });

const resultOf = ({ lines }: Ended): unknown => JSON.parse(lines.at(-1) ?? 'null');

test('npx finds cd-cli at the root, and it the project by the path: 0 once every recipient has completed', async () => {
  const args = ['--no', '--', 'cd-cli', 'push', 'runtime', join(place.project, 'src/app.css')];
  const child = spawn('npx', [...args, '--wait=completed', '--json'], {
    cwd: root,
    env,
    // npx is a script there, which only a shell starts.
    shell: process.platform === 'win32',
  });
  const ended = await endOf(child);
  expect({ code: ended.code, stderr: ended.stderr }).toMatchObject({ code: 0 });
  expect(resultOf(ended)).toMatchObject({
    outcome: 'reached',
    exitCode: 0,
    recipients: [{ name: 'greeter', kind: 'node', stage: 'completed' }],
  });
});

test('a target that matches nobody makes it 1, and is named', async () => {
  const ended = await push('src/app.css', '--label', 'floor=13', '--json');
  expect(ended.code).toBe(1);
  expect(ended.stderr).toContain('Nothing matched: module hello-shell, environment development, floor=13.');
  expect(resultOf(ended)).toMatchObject({ outcome: 'refused', problem: { kind: 'no-recipients' } });
});

test('a recipient whose program does not bear the change makes it 3, and is named with the reason', async () => {
  writeFileSync(join(place.project, 'service/greeter.ts'), `throw new Error('not today');\nexport {};\n`);
  const ended = await push('service/greeter.ts', '--json');
  expect(ended.code).toBe(3);
  expect(ended.stderr).toMatch(/failed .*1 of 1/u);
  expect(ended.stderr).toMatch(/greeter[\s\S]*not today/u);
  expect(resultOf(ended)).toMatchObject({
    outcome: 'partial',
    recipients: [{ name: 'greeter', stage: 'failed', problem: { kind: 'apply-failed' } }],
  });
});

test.skipIf(process.platform === 'win32')(
  'a recipient that says nothing makes it 4 when the time is over, and is named',
  async () => {
    service.signal('SIGSTOP');
    try {
      const ended = await push('src/app.css', '--timeout=500ms', '--json');
      expect(ended.code).toBe(4);
      expect(ended.stderr).toMatch(/timeout .*greeter/u);
      expect(resultOf(ended)).toMatchObject({ outcome: 'timeout', recipients: [{ name: 'greeter' }] });
    } finally {
      service.signal('SIGCONT');
    }
  },
);
