import { PassThrough } from 'node:stream';

import type { ProposalView } from '@cd-push/protocol';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { startFakeRuntime, type FakeRuntime } from './support/fake-runtime.ts';
import { twoDevelopers, type Developer, type TwoDevelopers } from './support/two-developers.ts';
import { cli, type Run, type RunOptions } from './support/workshop.ts';

let stack: TwoDevelopers;
let ada: Developer;
let eve: Developer;
let till: FakeRuntime;
/** A file of its own for each test. */
let file: string;
let resource: string;
let count = 0;

const by = (
  { root: cwd, env }: Developer,
  args: readonly string[],
  options: Partial<RunOptions> = {},
): Promise<Run> => cli(args, { cwd, env, ...options });
const json = async (who: Developer, ...args: readonly string[]): Promise<Run> => by(who, [...args, '--json']);

beforeAll(async () => {
  stack = await twoDevelopers({});
  ({ ada, eve } = stack);
  const made = await json(ada, 'join-code', '--approvals', '1');
  till = await startFakeRuntime(stack, String(made.json[0]?.code), { name: 'till' });
});
afterAll(async () => {
  till.close();
  await stack[Symbol.asyncDispose]();
});
beforeEach(() => {
  count += 1;
  file = `src/${count}/page.html`;
  resource = `/shop/${file}`;
});

/** Proposes the file with this text, and gives the beginning of the guid that was shown. */
const propose = async (text: string, who = ada): Promise<string> => {
  who.write(file, text);
  const { code, json: lines, stderr } = await json(who, 'push', file, '--propose');
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(lines.at(-1)).toMatchObject({
    type: 'proposal',
    state: 'waiting',
    next: expect.stringContaining('cd-cli approve'),
  });
  return String(lines.at(-1)?.pushGuid).slice(0, 8);
};
const listed = async (who: Developer): Promise<readonly ProposalView[]> =>
  (await json(who, 'proposals')).json as unknown as readonly ProposalView[];
const last = () => till.received.at(-1)?.contents[0];

describe('[APPROVE-3] a target that asks', () => {
  test('is listed with how many it asks for', async () => {
    const { stdout } = await by(ada, ['targets']);
    expect(stdout).toMatch(/APPROVALS\n.*till.*connected +1$/mu);
    expect((await json(ada, 'targets')).json).toMatchObject([{ name: 'till', approvals: 1 }]);
  });

  test('gets no push that nobody else approved of, and how to propose it is said', async () => {
    ada.write(file, 'one');
    const { code, stderr, json: lines } = await json(ada, 'push', file);
    expect(code).toBe(1);
    expect(stderr).toContain('approval-needed: 0 of 1 other people approve; asked for by till (1).');
    expect(lines.at(-1)).toMatchObject({
      outcome: 'refused',
      problem: { kind: 'approval-needed' },
      next: `cd-cli push ${file} --json --propose`,
    });
    expect(till.received).toEqual([]);
  });
});

describe('[APPROVE-7] approve', () => {
  test('shows what would run, asks, and takes no for an answer', async () => {
    const guid = await propose('one\n');
    const stdin = new PassThrough();
    const asking = by(eve, ['approve', guid], { stdin, isTTY: true });
    stdin.end('n\n');
    const { code, stdout, stderr } = await asking;
    expect(code).toBe(1);
    expect(stdout).toContain('+one');
    expect(stdout).toMatch(/page\.html nothing\b[^]*page\.html proposed\b/u);
    expect(stderr).toMatch(/^ada \(user-\d+\) proposes /mu);
    expect(stderr).toContain(
      `${resource} in development, for module shop, environment development; approved by 0 of 1.`,
    );
    expect(stderr).toContain('Nothing was approved of.');
    const piped = await by(eve, ['approve', guid]);
    expect(piped).toMatchObject({ code: 1, stderr: expect.stringContaining('--yes') });
    expect(till.received).toEqual([]);
  });

  test('by somebody else takes it on its way, and everybody sees that', async () => {
    const guid = await propose('one\n');
    const own = await by(ada, ['approve', guid, '--yes']);
    expect(own).toMatchObject({ code: 1, stderr: expect.stringContaining('It is your own push') });
    const { code, json: lines, stderr } = await json(eve, 'approve', guid, '--yes');
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(lines).toMatchObject([
      { type: 'diff', resource, form: 'pushed', added: 1, removed: 0 },
      { type: 'proposal', state: 'accepted', approvals: [{ approverName: 'eve' }] },
    ]);
    await till.has(1);
    expect(last()).toMatchObject({ kind: 'text', text: 'one\n' });
    const { stdout } = await by(ada, ['proposals']);
    expect(stdout).toMatch(
      new RegExp(`^${guid} +accepted +1 of 1 \\(eve\\) +ada +development +${resource}`, 'mu'),
    );
    const tracked = await by(eve, ['track', guid]);
    expect(tracked.stdout).toMatch(/^completed/u);
  });

  test('of a change shows what differs from the version in place, as it runs or as it was saved', async () => {
    file = `src/${count}/price.ts`;
    resource = `/shop/${file}`;
    const before = till.received.length;
    await by(eve, ['approve', await propose('export const price: number = 1;\n'), '--yes']);
    await till.has(before + 1);
    const guid = await propose('export const price: number = 2;\n');
    const shown = (await json(eve, 'approve', guid)).json;
    expect(shown).toMatchObject([{ type: 'diff', form: 'pushed', from: { name: 'v1' } }, { type: 'error' }]);
    expect(String(shown[0]?.diff)).not.toContain(': number');
    const { stdout, stderr } = await by(eve, ['approve', guid, '--source']);
    expect(stdout).toContain('-export const price: number = 1;\n+export const price: number = 2;');
    expect(stderr).toContain('Nothing proves that what would run was made of it.');
  });
});

describe('[APPROVE-8] a proposal', () => {
  test('that was overtaken is refused, and both are told why', async () => {
    const before = till.received.length;
    const guid = await propose('mine\n');
    const theirs = await propose('theirs\n', eve);
    expect((await by(ada, ['approve', theirs, '--yes'])).code).toBe(0);
    await till.has(before + 1);
    const { code, stderr, json: lines } = await json(eve, 'approve', guid, '--yes');
    expect(code).toBe(6);
    expect(stderr).toContain('conflict');
    expect(lines.at(-1)).toMatchObject({ state: 'refused', problem: { kind: 'conflict', resource } });
    expect((await by(ada, ['proposals'])).stdout).toMatch(
      new RegExp(`^${guid} +refused \\(conflict\\)`, 'mu'),
    );
    expect(till.received).toHaveLength(before + 1);
  });

  test('is withdrawn by its proposer alone', async () => {
    const guid = await propose('one\n');
    expect((await by(eve, ['proposals', '--withdraw', guid])).code).toBe(1);
    expect((await by(ada, ['proposals', '--withdraw', guid])).code).toBe(0);
    expect((await listed(eve)).find(({ pushGuid }) => pushGuid.startsWith(guid))?.state).toBe('withdrawn');
    const late = await by(eve, ['approve', guid, '--yes']);
    expect(late).toMatchObject({ code: 6, stderr: expect.stringContaining('withdrawn') });
    expect(await by(eve, ['approve', 'ffffffff', '--yes'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cd-cli proposals'),
    });
  });

  test('of a rollback brings the version back once somebody else agrees', async () => {
    const before = till.received.length;
    for (const [index, text] of ['good\n', 'bad\n'].entries()) {
      await by(eve, ['approve', await propose(text), '--yes']);
      await till.has(before + index + 1);
    }
    const refused = await by(ada, ['rollback', file, '--yes']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`cd-cli rollback ${file} --yes --propose`);
    const { code, json: lines } = await json(ada, 'rollback', file, '--propose');
    expect(code).toBe(0);
    expect(lines.at(-1)).toMatchObject({
      type: 'proposal',
      patches: [{ resource, restores: expect.any(Number) }],
    });
    const guid = String(lines.at(-1)?.pushGuid);
    const { stdout } = await by(eve, ['approve', guid, '--yes']);
    expect(stdout).toContain('-bad\n+good');
    await till.has(before + 3);
    expect(last()).toMatchObject({ kind: 'text', text: 'good\n' });
  });

  test('of an operation says what would run', async () => {
    const refused = await by(ada, ['run', 'clear', '{"floor":3}']);
    expect(refused.stderr).toContain(`cd-cli run clear '{"floor":3}' --propose`);
    const { json: lines } = await json(ada, 'run', 'clear', '{"floor":3}', '--propose');
    const guid = String(lines.at(-1)?.pushGuid);
    const { code, stderr } = await by(eve, ['approve', guid, '--yes']);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr).toContain('It runs clear {"floor":3}');
  });
});
