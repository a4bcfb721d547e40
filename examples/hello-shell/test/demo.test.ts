import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

import { CommTrackSchema, componentTypes } from '@cd-push/protocol';
import { Type, type Static } from 'typebox';
import { Check, Errors } from 'typebox/value';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const driver = join(import.meta.dirname, '../demo/main.ts');

/** The line that the demo prints for each push. */
const Line = Type.Object(
  {
    pushGuid: Type.String({ pattern: '^[0-9a-f-]{36}$' }),
    componentType: Type.Enum([...componentTypes]),
    saveToAppliedMs: Type.Number({ exclusiveMinimum: 0 }),
    commTrack: CommTrackSchema,
    recipients: Type.Array(
      Type.Object(
        {
          target: Type.String({ minLength: 1 }),
          kind: Type.Enum(['browser', 'node']),
          stage: Type.Literal('completed'),
          commTrack: CommTrackSchema,
          observed: Type.Object(
            { before: Type.String(), after: Type.String() },
            { additionalProperties: false },
          ),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);
type Line = Static<typeof Line>;

let temporary: string;
beforeEach(() => {
  temporary = realpathSync(mkdtempSync(join(tmpdir(), 'hello-shell-test-')));
});
afterEach(() => rmSync(temporary, { recursive: true, force: true }));

const demo = (...args: string[]): ChildProcessByStdio<null, Readable, Readable> =>
  spawn(process.execPath, [driver, ...args], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  });

describe('npm run demo -- --once --json', () => {
  test('brings one real change of each kind to page and service, tracked, and seen from outside', async () => {
    const run = demo('--once', '--json');
    const [output, talk, [exitCode]] = await Promise.all([
      text(run.stdout),
      text(run.stderr),
      once(run, 'close'),
    ]);

    expect({ exitCode, talk }).toMatchObject({ exitCode: 0 });
    const lines = output.trimEnd().split('\n').map(parsedLine);
    expect(lines.map(({ componentType }) => componentType)).toEqual([
      'template',
      'style',
      'controller',
      'module',
      'config',
      'asset',
    ]);
    expect(new Set(lines.map(({ pushGuid }) => pushGuid)).size).toBe(lines.length);
    for (const { commTrack, recipients } of lines) {
      expect(recipients.map(({ kind }) => kind).toSorted()).toEqual(['browser', 'node']);
      for (const track of [commTrack, ...recipients.map((recipient) => recipient.commTrack)])
        expectCompleted(track);
      for (const { observed } of recipients) expect(observed.after).not.toBe(observed.before);
    }
    expectNothingLeft();
  }, 120_000);
});

describe('npm run demo -- --rollback --json', () => {
  test('a bad version goes, the one before it is back in page and service with its state, and history tells of all three', async () => {
    const run = demo('--rollback', '--json');
    const [output, talk, [exitCode]] = await Promise.all([
      text(run.stdout),
      text(run.stderr),
      once(run, 'close'),
    ]);
    expect({ exitCode, talk }).toMatchObject({ exitCode: 0 });
    const report = JSON.parse(output) as Record<string, unknown> & { commTrack: Line['commTrack'] };
    expect(report).toMatchObject({
      observed: {
        good: { browser: '+5', node: '+5' },
        bad: { browser: '+NaN', node: '+NaN' },
        after: { browser: '+5', node: '+5' },
      },
      state: { before: 'Ada at 1', after: 'Ada at 1' },
      versions: [
        { name: 'v3', inPlace: true, restores: 'v1' },
        { name: 'v2', inPlace: false },
        { name: 'v1', inPlace: false },
      ],
    });
    expectCompleted(report.commTrack);
    expect(report['recipients']).toHaveLength(2);
    for (const recipient of report['recipients'] as object[])
      expect(recipient).toMatchObject({ stage: 'completed' });
    expect(report['signedToAppliedMs']).toBeGreaterThan(0);
    expectNothingLeft();
  }, 120_000);
});

describe('npm run demo', () => {
  test('says where to open the page and which file to edit, and leaves nothing behind when it is stopped', async () => {
    const run = demo();
    const talk = text(run.stderr);
    const said: string[] = [];
    for await (const line of createInterface({ input: run.stdout })) {
      said.push(line);
      if (line.includes('Ctrl-C')) break;
    }
    const shown = said.join('\n');
    const [page = ''] = /http:\S+/u.exec(shown) ?? [];
    const [file = ''] = /\S+counter\.html/u.exec(shown) ?? [];
    expect(await (await fetch(page)).text()).toContain('/cd-push/boot.js');
    expect(readFileSync(file, 'utf8')).toContain('data-greeting');

    run.kill('SIGINT');
    const [exitCode] = await once(run, 'exit');
    expect({ exitCode, talk: await talk }).toMatchObject({ exitCode: 0 });
    expectNothingLeft();
  }, 60_000);
});

const parsedLine = (line: string): Line => {
  const value: unknown = JSON.parse(line);
  if (!Check(Line, value)) throw new TypeError(`${line}: ${JSON.stringify(Errors(Line, value))}`);
  return value;
};

const expectCompleted = (track: Line['commTrack']): void => {
  const { relayed, pushed, delivered, completed } = track;
  expect({ relayed, pushed, delivered, completed }).toEqual({
    relayed: true,
    pushed: true,
    delivered: true,
    completed: true,
  });
  const times = [track.initTime, track.relayTime, track.pushTime, track.deliveryTime, track.completedTime];
  expect(times).toEqual(times.toSorted((a, b) => Number(a) - Number(b)));
};

/** Neither files nor processes; Node's own cache of compiled code may stay. */
const expectNothingLeft = (): void => {
  expect(readdirSync(temporary).filter((name) => name !== 'node-compile-cache')).toEqual([]);
  if (!existsSync('/proc/self')) return;
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/u.test(name))
    .map(commandOf)
    .filter((command) => command.includes(temporary));
  expect(processes).toEqual([]);
};

const commandOf = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return ''; // it has ended meanwhile
  }
};
