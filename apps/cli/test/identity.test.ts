import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { startFakeRuntime, type FakeRuntime } from './support/fake-runtime.ts';
import { runProgram, watchProgram, type Program } from './support/program.ts';
import { twoDevelopers, type TwoDevelopers } from './support/two-developers.ts';
import { cli } from './support/workshop.ts';

/** What a session's end takes until it has reached every connection (delivery-and-security, 13). */
const promisedMs = 5_000;
const file = 'src/page.html';

let people: TwoDevelopers;
let runtime: FakeRuntime;
let running: Program[];

beforeEach(async () => {
  running = [];
  people = await twoDevelopers({ [file]: '<p>one</p>\n' });
  runtime = await startFakeRuntime(people, people.joinCode, { name: 'till' });
});
afterEach(async () => {
  for (const one of running) await one[Symbol.asyncDispose]();
  runtime.close();
  await people[Symbol.asyncDispose]();
});

const watch = async (): Promise<Program> => {
  const program = await watchProgram(people.ada);
  running.push(program);
  return program;
};
/** Ada's machine as somebody has copied it, keys and all. */
const copied = () => {
  const home = join(people.ada.home, 'copied');
  cpSync(join(people.ada.home, '.config'), join(home, '.config'), { recursive: true });
  return { ...people.ada, env: { ...people.ada.env, HOME: home, XDG_CONFIG_HOME: join(home, '.config') } };
};

test('after rotate pushes go on without a login, of what runs and of what starts; a copy of the old key opens nothing', async () => {
  const ada = await watch();
  const thief = copied();
  expect(await runProgram(people.ada, ['identity', 'rotate'])).toMatchObject({ code: 0 });
  people.ada.write(file, '<p>two</p>\n');
  expect(await ada.line(({ type }) => type === 'result')).toMatchObject({ outcome: 'reached' });
  people.ada.write(file, '<p>three</p>\n');
  await runtime.has(2);
  expect(await runProgram(people.ada, ['push', file])).toMatchObject({ code: 0 });
  const stolen = await runProgram(thief, ['push', file]);
  expect(stolen.code).not.toBe(0);
  expect(stolen.stderr).toContain('bad-identity');
  expect(runtime.received).toHaveLength(3);
});

test('after revoke nothing is pushed any more within the promised time: not by what runs, nor by any copy', async () => {
  const ada = await watch();
  const thief = copied();
  const elsewhere = await watchProgram(thief);
  running.push(elsewhere);
  expect(await runProgram(people.ada, ['identity', 'revoke', '--yes'])).toMatchObject({ code: 0 });
  const revokedAt = performance.now();
  await expect.poll(() => [ada, elsewhere].map(({ child }) => child.exitCode)).toEqual([5, 5]);
  expect(performance.now() - revokedAt).toBeLessThan(promisedMs);
  for (const one of [ada, elsewhere]) expect(one.talk()).toMatch(/cd-cli login/u);
  for (const who of [people.ada, thief])
    expect(await runProgram(who, ['push', file])).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('login'),
    });
  expect(runtime.received).toHaveLength(0);
});

test('an identity of another machine is believed after it was asked for, which it is once', async () => {
  const { env, root: cwd } = people.eve;
  const [ours] = (await runProgram(people.eve, ['identity', '--json'])).json;
  const [theirs] = (await runProgram(people.ada, ['identity', '--json'])).json;
  const [own, foreign] = [String(ours?.['identity']), String(theirs?.['identity'])];
  const trusted = (): unknown =>
    JSON.parse(readFileSync(join(cwd, '.cd-push/trusted-identities.json'), 'utf8'));

  expect(await runProgram(people.eve, ['identity', 'trust', own])).toMatchObject({ code: 0 });
  const unasked = await runProgram(people.eve, ['identity', 'trust', own, foreign]);
  expect(unasked).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(`${foreign} without being asked: --yes`),
  });
  const answer = async (word: string) => {
    const stdin = new PassThrough();
    const asked = cli(['identity', 'trust', own, foreign], {
      cwd,
      env,
      stdin,
      isTTY: true,
      onTalk: () => undefined,
    });
    stdin.write(`${word}\n`);
    return asked;
  };
  expect(await answer('n')).toMatchObject({ code: 1, stderr: expect.stringContaining(foreign) });
  expect(trusted()).toEqual([own]);
  expect(await answer('y')).toMatchObject({ code: 0 });
  expect(trusted()).toEqual([own, foreign]);
  expect(await runProgram(people.eve, ['identity', 'trust', foreign])).toMatchObject({ code: 0 });
  expect(trusted()).toEqual([foreign]);
});
