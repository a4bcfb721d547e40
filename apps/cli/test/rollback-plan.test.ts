import type { FileVersion } from '@cd-push/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { goalOf } from '../src/rollback/goal.ts';
import { planOf } from '../src/rollback/plan.ts';
import { refuseWhatCannot } from '../src/rollback/refuse-what-cannot.ts';
import { inPushes, restoreInput } from '../src/rollback/restore-inputs.ts';
import { stepBack } from '../src/rollback/step-back.ts';

const version = (more: Partial<FileVersion> = {}): FileVersion => ({
  resource: '/shop/a',
  version: 1,
  ordinal: 1,
  change: 'put',
  componentType: 'module',
  digest: 'one',
  predecessor: null,
  bytes: 3,
  inPlace: false,
  stored: true,
  pushGuid: 'push',
  offset: 1,
  signer: 'ada',
  session: 'session',
  acceptedAt: 0,
  statement: 'statement',
  ...more,
});

describe('what is to be done', () => {
  const one = version();
  const two = version({ version: 2, ordinal: 2, digest: 'two', predecessor: 'one', inPlace: true });

  test('is nothing for a file that holds what it held', () => {
    const again = version({ version: 3, digest: 'one' });
    expect(planOf([{ now: again, before: one, forgotten: false }]).files).toEqual([]);
    const gone = version({ version: 3, digest: null, change: 'delete', restores: 0 });
    expect(planOf([{ now: gone, before: null, forgotten: false }]).files).toEqual([]);
  });

  test('is what was served for a file whose first version took it away', () => {
    const gone = version({ digest: null, change: 'delete' });
    const { files } = planOf([{ now: gone, before: null, forgotten: false }]);
    expect(files.map(restoreInput)).toMatchObject([{ restores: 0, held: null }]);
  });

  test('is a name for what comes back: its version, digests and frame, and nothing of its content', () => {
    const held = version({ mapDigest: 'map', frame: 'frame', source: 'source', componentType: 'controller' });
    const [file] = planOf([{ now: two, before: held, forgotten: false }]).files;
    expect(restoreInput(file!)).toEqual({
      change: 'restore',
      resource: '/shop/a',
      componentType: 'controller',
      restores: 1,
      held: { digest: 'one', bytes: 3, mapDigest: 'map' },
      frame: 'frame',
      source: 'source',
    });
  });

  test('is a deletion for what was not there, be it before the first version or because it was deleted', () => {
    const deleted = version({ version: 1, digest: null, change: 'delete' });
    const before = [null, deleted];
    const files = before.flatMap((then) => planOf([{ now: two, before: then, forgotten: false }]).files);
    expect(files.map(restoreInput)).toMatchObject([
      { restores: 0, held: null },
      { restores: 1, held: null },
    ]);
  });

  test('is a rename back where a file got another name since, so that what runs of it stays', () => {
    const away = version({ version: 5, digest: null, change: 'rename', to: '/shop/b' });
    const there = version({
      resource: '/shop/b',
      version: 5,
      digest: 'two',
      change: 'rename',
      from: '/shop/a',
    });
    const wanted = [
      { now: away, before: one, forgotten: false },
      { now: there, before: null, forgotten: false },
    ];
    const { files } = planOf(wanted);
    expect(files.map(restoreInput)).toMatchObject([{ resource: '/shop/a', from: '/shop/b', restores: 1 }]);
    expect(files).toHaveLength(1);
    // Whoever asks for the new name alone gets that back to what it was: not there.
    expect(planOf(wanted.slice(1)).files).toMatchObject([
      { resource: '/shop/b', before: null, from: undefined },
    ]);
  });

  test('cannot be done where a content was let go of, or nobody knows what there was', () => {
    const lost = version({ stored: false });
    expect(() => refuseWhatCannot(planOf([{ now: two, before: lost, forgotten: false }]))).toThrow(
      /^not-found: The content of v1 of \/shop\/a was let go of\.$/u,
    );
    expect(() => refuseWhatCannot(planOf([{ now: two, before: null, forgotten: true }]))).toThrow(
      /^not-found: What \/shop\/a was then is not known any more\.$/u,
    );
    expect(() => refuseWhatCannot(planOf([{ now: two, before: one, forgotten: false }]))).not.toThrow();
  });

  test('is one push as long as a relay takes it, source maps included', () => {
    const files = (count: number, more: Partial<FileVersion>) =>
      Array.from({ length: count }, (_, index) => ({
        resource: `/shop/${index}`,
        now: two,
        before: version(more),
        from: undefined,
      }));
    expect(inPushes(files(2_000, {})).map(({ length }) => length)).toEqual([2_000]);
    expect(inPushes(files(2_001, {})).map(({ length }) => length)).toEqual([2_000, 1]);
    const mb = 1024 * 1024;
    expect(inPushes(files(3, { bytes: 20 * mb, mapBytes: 12 * mb })).map(({ length }) => length)).toEqual([
      2, 1,
    ]);
    expect(inPushes([])).toEqual([]);
  });
});

describe('one step back', () => {
  /** A history in which files are pushed and rolled back, as a relay keeps it. */
  class Model {
    readonly versions: FileVersion[] = [];
    /** Of each file the contents that lead to what is in place, none twice after each other. */
    readonly stacks = new Map<string, { digest: string; offset: number }[]>();
    #offset = 0;

    push(files: readonly string[], digest: string): void {
      this.#offset += 1;
      for (const resource of files) {
        const stack = this.stacks.get(resource) ?? [];
        if (stack.at(-1)?.digest !== digest) stack.push({ digest, offset: this.#offset });
        this.stacks.set(resource, stack);
        this.#add({ resource, digest });
      }
    }

    /** As the command does it; answers what it went back from, and what the stacks say that it has to. */
    async back(): Promise<{ taken: string[]; expected: string[] }> {
      const step = await stepBack(this.#latestFirst());
      const top = Math.max(0, ...[...this.stacks.values()].map((stack) => stack.at(-1)?.offset ?? 0));
      const expected = [...this.stacks]
        .filter(([, stack]) => top > 0 && stack.at(-1)?.offset === top)
        .map(([resource]) => resource);
      this.#offset += 1;
      for (const { resource, offset } of step) {
        const before = this.versions.findLast((one) => one.resource === resource && one.offset < offset);
        this.stacks.get(resource)?.pop();
        this.#add({ resource, digest: before?.digest ?? null, restores: before?.version ?? 0 });
      }
      return { taken: step.map(({ resource }) => resource).toSorted(), expected: expected.toSorted() };
    }

    inPlace(resource: string): string | null {
      return this.versions.findLast((one) => one.resource === resource)?.digest ?? null;
    }

    #add(more: Partial<FileVersion> & { readonly resource: string }): void {
      const predecessor = this.inPlace(more.resource);
      this.versions.push(version({ version: this.#offset, offset: this.#offset, predecessor, ...more }));
    }

    async *#latestFirst(): AsyncGenerator<FileVersion> {
      yield* this.versions.toReversed();
    }
  }

  const files = ['/shop/a', '/shop/b', '/shop/c'];
  const deed = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        push: fc.subarray(files, { minLength: 1 }),
        digest: fc.constantFrom('1', '2', '3'),
      }),
    },
    { weight: 2, arbitrary: fc.constant('back' as const) },
  );

  test('takes back the latest push that is not taken back already, however often and after whatever', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(deed, { maxLength: 30 }), async (deeds) => {
        const model = new Model();
        for (const one of deeds) {
          if (one === 'back') {
            const { taken, expected } = await model.back();
            expect(taken).toEqual(expected);
          } else model.push(one.push, one.digest);
          for (const file of files)
            expect(model.inPlace(file)).toBe(model.stacks.get(file)?.at(-1)?.digest ?? null);
        }
        // It ends where nothing was pushed yet.
        const pushes = [...model.stacks.values()].flat().length;
        for (let left = pushes; left > 0; left -= 1) await model.back();
        expect((await model.back()).taken).toEqual([]);
        expect(files.map((file) => model.inPlace(file))).toEqual([null, null, null]);
      }),
      { seed: 20_251_120, numRuns: 300 },
    );
  });
});

describe('to what a rollback goes', () => {
  const now = new Date(2026, 10, 20, 15, 0, 0).getTime();

  test('is a version, a push or a time, as they are shown', () => {
    expect(goalOf(undefined, now)).toEqual({ kind: 'step-back' });
    expect(goalOf('v12', now)).toEqual({ kind: 'version', spec: { ordinal: 12 } });
    expect(goalOf('1763650000000', now)).toEqual({ kind: 'version', spec: { version: 1_763_650_000_000 } });
    expect(goalOf('4f0c6a52', now)).toEqual({ kind: 'push', guid: '4f0c6a52' });
    expect(goalOf('40526398', now)).toEqual({ kind: 'push', guid: '40526398' });
    const at = (...parts: [number, number, number, number?, number?, number?, number?]): number =>
      new Date(...parts).getTime();
    // What was accepted in that second is part of it.
    expect(goalOf('14:30', now)).toEqual({ kind: 'time', at: at(2026, 10, 20, 14, 30, 0, 999) });
    expect(goalOf('9:05:07', now)).toEqual({ kind: 'time', at: at(2026, 10, 20, 9, 5, 7, 999) });
    expect(goalOf('2026-11-19', now)).toEqual({ kind: 'time', at: at(2026, 10, 19) });
    expect(goalOf('2026-11-19 08:00', now)).toEqual({ kind: 'time', at: at(2026, 10, 19, 8) });
    expect(goalOf('2026-11-19T08:00:00Z', now)).toEqual({ kind: 'time', at: Date.UTC(2026, 10, 19, 8) });
  });

  test('is nothing else, and nothing that has not come yet', () => {
    for (const text of ['', 'v', 'v0', 'yesterday', '24:00', '12:60', '2026-13-01', '-1', '1.5', 'latest'])
      expect(() => goalOf(text, now)).toThrow(`"${text}" is neither`);
    expect(() => goalOf('15:01', now)).toThrow('not come yet');
  });
});
