import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { applyDelta } from '../src/delta/apply-delta.ts';
import { encodeDelta } from '../src/delta/encode-delta.ts';
import { utf8 } from '../src/index.ts';

const seeded = { seed: 20_261_120, numRuns: 300 };
const unbounded = { atMost: Number.POSITIVE_INFINITY };

const text = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && new TextDecoder('utf-8', { fatal: true }).decode(bytes);

const deltaOf = async (base: string | Uint8Array, target: string | Uint8Array): Promise<Uint8Array> => {
  const delta = await encodeDelta(base, target, unbounded);
  if (delta === undefined) throw new Error('There is no bound.');
  return delta;
};

const lines = (count: number): string =>
  Array.from({ length: count }, (_, index) => `export const line${index} = ${index * 7919};\n`).join('');

/** Contents that repeat themselves and each other, and bytes that nothing says anything about. */
const content = fc.oneof(
  fc.uint8Array({ maxLength: 400 }),
  fc
    .array(fc.constantFrom('const ', 'value', ' = ', 'é🙂', ';\n', '  return ', '\u0000', 'aaaaaaaa'), {
      maxLength: 200,
    })
    .map((words) => utf8(words.join(''))),
);

const replaced = (base: Uint8Array, at: number, removed: number, inserted: Uint8Array): Uint8Array =>
  Uint8Array.from([...base.subarray(0, at), ...inserted, ...base.subarray(at + removed)]);

/** A base, and what some replacements make of it. */
const edited = fc
  .tuple(
    content,
    fc.array(fc.tuple(fc.nat(3000), fc.nat(60), fc.uint8Array({ maxLength: 40 })), { maxLength: 12 }),
  )
  .map(([base, edits]): [Uint8Array, Uint8Array] => [
    base,
    edits.reduce<Uint8Array>(
      (target, [at, removed, inserted]) => replaced(target, at % (target.length + 1), removed, inserted),
      base,
    ),
  ]);

describe('[DELTA-1] a delta', () => {
  it('makes the very bytes of any content upon any other', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.tuple(content, content), edited), async ([base, target]) => {
        expect(applyDelta(base, await deltaOf(base, target), target.length)).toEqual(target);
      }),
      seeded,
    );
  });

  it('is what is written down for other implementations', async () => {
    const file = new URL('../../protocol/fixtures/deltas.json', import.meta.url);
    const vectors = JSON.parse(readFileSync(file, 'utf8')) as {
      title: string;
      base: string;
      delta: string;
      makes: string;
    }[];
    expect(vectors.length).toBeGreaterThan(5);
    for (const { title, base, delta, makes } of vectors) {
      const made = applyDelta(utf8(base), Buffer.from(delta, 'base64'), utf8(makes).length);
      expect([title, text(made)]).toEqual([title, makes]);
    }
  });

  it('of a line in ten thousand is shorter than the line, wherever it stands, and however it was moved', async () => {
    const base = lines(10_000);
    for (const at of [0, 5_000, 9_999]) {
      const line = `export const line${at} = ${at * 7919};\n`;
      expect((await deltaOf(base, base.replace(line, ''))).length).toBeLessThan(16);
      expect((await deltaOf(base, base.replace(line, line + line))).length).toBeLessThan(16);
      expect((await deltaOf(base, line + base.replace(line, ''))).length).toBeLessThan(20);
    }
  });

  it('of one name in ninety lines takes no more than five bytes for each', async () => {
    const base = lines(2_000);
    const target = base.replaceAll(/const line(\d{2}) /g, 'let row$1 ');
    expect((await deltaOf(base, target)).length).toBeLessThan(90 * 5);
  });

  it('of nothing is nothing', async () => {
    expect(await deltaOf('', '')).toEqual(new Uint8Array());
    expect(await deltaOf('gone', '')).toEqual(new Uint8Array());
    expect(applyDelta(utf8('gone'), new Uint8Array(), 0)).toEqual(new Uint8Array());
  });

  it('is none where it would be longer than it may be', async () => {
    const base = lines(500);
    const target = base.replace('line7 ', 'row7 ');
    const { length } = await deltaOf(base, target);
    expect(await encodeDelta(base, target, { atMost: length })).toHaveLength(length);
    expect(await encodeDelta(base, target, { atMost: length - 1 })).toBeUndefined();
  });

  it('rests while it is made, and is the same for that', async () => {
    const base = lines(20_000);
    const target = base.replaceAll('line19', 'row19');
    let rests = 0;
    const delta = await encodeDelta(base, target, {
      ...unbounded,
      rest: async () => {
        rests += 1;
      },
    });
    expect(delta).toEqual(await deltaOf(base, target));
    expect(rests).toBeGreaterThan(10);
  });

  it('gives up early where there is nothing in common', async () => {
    const noise = (seed: number): Uint8Array => {
      let state = seed;
      return Uint8Array.from({ length: 1_000_000 }, () => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return state >>> 24;
      });
    };
    let rests = 0;
    const rest = async (): Promise<void> => void (rests += 1);
    expect(await encodeDelta(noise(1), noise(2), { atMost: 10_000, rest })).toBeUndefined();
    // All of the base is gone through, and as much of the target as the delta may be long.
    expect(rests).toBeLessThan(1_000_000 / 32_768 + 5);
  });
});

describe('[DELTA-2] bytes that are no delta', () => {
  it('make something of the length that was asked for, or nothing, whatever they are', () => {
    fc.assert(
      fc.property(content, fc.uint8Array({ maxLength: 200 }), fc.nat(2000), (base, delta, length) => {
        const made = applyDelta(base, delta, length);
        expect(made === undefined || made.length === length).toBe(true);
      }),
      { ...seeded, numRuns: 3000 },
    );
  });

  it('likewise those of a delta of which a bit is turned, or an end cut off', async () => {
    await fc.assert(
      fc.asyncProperty(edited, fc.nat(), async ([base, target], where) => {
        const delta = await deltaOf(base, target);
        if (delta.length === 0) return;
        const turned = Uint8Array.from(delta);
        turned[where % delta.length]! ^= 1 << (where % 8);
        const cut = delta.subarray(0, where % delta.length);
        for (const other of [turned, cut]) {
          const made = applyDelta(base, other, target.length);
          expect(made === undefined || made.length === target.length).toBe(true);
        }
      }),
      seeded,
    );
  });

  it('are refused as soon as they are at their end, however much is to be made', () => {
    // Enough for one byte, of eight million.
    expect(applyDelta(utf8('base'), Uint8Array.of(0xff), 8_000_000)).toBeUndefined();
    expect(applyDelta(utf8('base'), new Uint8Array(), 8_000_000)).toBeUndefined();
  });

  it('copy nothing from beyond the base, and make no more than was asked for', async () => {
    const base = utf8(lines(50));
    const delta = await deltaOf(base, base);
    expect(applyDelta(base, delta, base.length)).toEqual(base);
    expect(applyDelta(base.subarray(1), delta, base.length)).toBeUndefined();
    expect(applyDelta(base, delta, base.length - 1)).toBeUndefined();
  });
});
