import { beforeEach, describe, expect, test } from 'vitest';

import type { FrameObject } from '@cd-push/timeline';

import { Account, conflictAmong } from './support/ledger.ts';

/** Words as edits write them. */
const [was, ours, theirs, later] = ['e0$0', 'e1$0', 'e2$0', 'e3$0'] as const;

let account: Account;
let first: FrameObject;
let one: FrameObject;
let other: FrameObject;

describe('a field that two have set', () => {
  beforeEach(async () => {
    account = new Account();
    first = await account.edit(await account.begin(), { data: { title: was } });
    one = await account.edit(first, { data: { title: ours } });
    other = await account.edit(first, { data: { title: theirs } }, { replica: 'other' });
  });
  const mergedAs = (title: unknown) => account.merge(first, one, other, { data: { title: title as string } });

  test('has lost nothing where both stand in a conflict', async () => {
    expect(account.lostAt(await mergedAs(conflictAmong(ours, theirs)))).toEqual([]);
  });

  test('has lost what is in no side', async () => {
    expect(account.lostAt(await mergedAs(theirs))).toEqual([expect.stringMatching(/e1\$0, .* is gone/)]);
    expect(account.lostAt(await mergedAs(conflictAmong(theirs, 'x')))).toEqual([
      expect.stringMatching(/e1\$0, .* is gone/),
    ]);
  });

  test('has lost a removal where what both replaced is back, alone or as a side', async () => {
    expect(account.lostAt(await mergedAs(conflictAmong(ours, theirs, was)))).toEqual([
      expect.stringMatching(/e0\$0, .* is back in a side/),
    ]);
    expect(account.lostAt(await mergedAs(was))).toContainEqual(
      expect.stringMatching(/e0\$0, .* is back in place/),
    );
  });

  test.each([
    ['something new', { title: later }],
    ['a side', { title: ours }],
    ['nothing', {}],
  ])('has lost nothing where somebody who has seen both settled it by %s', async (_what, data) => {
    const conflict = await mergedAs(conflictAmong(ours, theirs));
    expect(account.lostAt(await account.edit(conflict, { data }))).toEqual([]);
  });

  test('has lost a settlement where a side that was not chosen is back', async () => {
    const conflict = await mergedAs(conflictAmong(ours, theirs));
    const settled = await account.edit(conflict, { data: { title: later } });
    const third = await account.edit(other, { data: { title: theirs, state: 'e4$0' } });
    const merged = await account.merge(other, settled, third, {
      data: { title: conflictAmong(later, theirs), state: 'e4$0' },
    });
    expect(account.lostAt(merged)).toEqual([expect.stringMatching(/e2\$0, .* is back in a side/)]);
  });

  test('may hold a side that somebody has undone: it looks as if it were chosen', async () => {
    const undone = await account.edit(one, { data: { title: was } }, { isUndo: true });
    const merged = await account.merge(first, undone, other, {
      data: { title: conflictAmong(ours, theirs) },
    });
    expect(account.lostAt(merged)).toEqual([]);
  });

  test('has lost an edit whose frame is not among the ancestors', () => {
    expect(account.lostAt(one)).toContainEqual(expect.stringMatching(/edit 2 of other .* is no ancestor/));
  });

  test('has lost nothing where both set the same, and one of them has replaced it without having seen the other', async () => {
    const same = await account.edit(first, { data: { title: ours, state: 'e5$0' } });
    const replaced = await account.edit(one, { data: { title: later } });
    const all = await account.merge(first, same, other, {
      data: { title: conflictAmong(ours, theirs), state: 'e5$0' },
    });
    for (const title of [conflictAmong(later, theirs), conflictAmong(later, ours, theirs)]) {
      const merged = await account.merge(first, replaced, all, { data: { title, state: 'e5$0' } });
      expect(account.lostAt(merged)).toEqual([]);
    }
  });
});

describe('a text that two have edited', () => {
  beforeEach(async () => {
    account = new Account();
    first = await account.edit(await account.begin(), { data: { text: `let ${was};\n}\n` } });
    one = await account.edit(first, { data: { text: `let ${was};\nlet ${ours};\n}\n` } });
    other = await account.edit(first, { data: { text: `}\nlet ${theirs};\n` } });
  });
  const mergedAs = (text: unknown) => account.merge(first, one, other, { data: { text: text as string } });

  test('has lost nothing where what each put in is there, and what one took away is not', async () => {
    expect(account.lostAt(await mergedAs(`let ${ours};\n}\nlet ${theirs};\n`))).toEqual([]);
  });

  test('has lost what is gone, a removal that is back, and what is there twice', async () => {
    expect(account.lostAt(await mergedAs(`let ${ours};\n}\n`))).toEqual([
      expect.stringMatching(/e2\$0, .* is gone/),
    ]);
    expect(account.lostAt(await mergedAs(`let ${was};\nlet ${ours};\nlet ${theirs};\n`))).toEqual([
      expect.stringMatching(/e0\$0, .* is back in place/),
    ]);
    expect(account.lostAt(await mergedAs(`let ${ours};\nlet ${ours};\nlet ${theirs};\n`))).toEqual([
      expect.stringMatching(/e1\$0, .* stands there 2 times/),
    ]);
  });

  test('has lost nothing in a conflict of whole texts, old lines of a side included', async () => {
    const texts = [one, other].map(({ frame }) => frame.data['text'] as string);
    expect(account.lostAt(await mergedAs(conflictAmong(...texts)))).toEqual([]);
    const twice = conflictAmong(`let ${ours};let ${ours};`, `let ${theirs};`);
    expect(account.lostAt(await mergedAs(twice))).toEqual([expect.stringMatching(/e1\$0 stands twice/)]);
  });

  test('is read through links to blobs', async () => {
    const source = async (text: string) => ({ data: { source: (await account.blob(text)) as never } });
    const begun = await account.edit(first, await source(`let ${later};\n`));
    const edited = await account.edit(begun, await source(`let ${later};\nlet e4$0;\n`));
    const merged = await account.merge(begun, edited, begun, await source('let e4$0;\n'));
    expect(account.lostAt(merged)).toContainEqual(expect.stringMatching(/e3\$0, .* is gone/));
  });
});

describe('relations', () => {
  test('are lost where they are gone, or back', async () => {
    account = new Account();
    const begun = await account.begin();
    const [a, b] = [begun.address, (await account.edit(begun, { data: {} })).address];
    first = await account.edit(begun, { data: { title: was }, links: { uses: [a] } });
    one = await account.edit(first, { data: { title: was }, links: { uses: [a, b] } });
    other = await account.edit(first, { data: { title: was }, links: {} });
    const mergedAs = (uses: (typeof a)[]) =>
      account.merge(first, one, other, { data: { title: was }, links: { uses } });
    const about = (what: readonly string[]) => what.filter((line) => line.includes('uses→'));
    expect(about(account.lostAt(await mergedAs([b])))).toEqual([]);
    expect(about(account.lostAt(await mergedAs([a, b])))).toEqual([
      expect.stringMatching(/ is back in place/),
    ]);
    expect(about(account.lostAt(await mergedAs([])))).toEqual([expect.stringMatching(/ is gone/)]);
  });

  test('that name the tips of files may have moved on, and a save touches those of its own file alone', async () => {
    account = new Account();
    const [begun, file] = [await account.begin(), await account.begin('a file')];
    const saved = await account.edit(file, { data: { title: was } });
    const again = await account.edit(saved, { data: { title: ours } });
    const data = (...frames: readonly FrameObject[]) => ({
      data: {
        entries: Object.fromEntries(frames.map(({ address }, index) => [`/${index}`, { '/': address }])),
      },
    });
    first = await account.edit(begun, data(saved, saved), { only: ['/entries//0', '/entries//1'] });
    one = await account.edit(first, data(again, saved), { only: ['/entries//0'] });
    other = await account.edit(first, data(saved), { only: ['/entries//0'] });
    expect(account.lostAt(await account.merge(first, one, other, data(again)))).toEqual([
      expect.stringMatching(/has taken away \/entries\/\/1→.* as well/),
    ]);
  });
});

// Each spelled a word of another edit while words were made of letters and digits alone, and was "lost" with the next digest.
test.each([
  ['history 3021 of seed 1', 'sha256-kyga6qRdbe2n02R1IHHtvRf0L_bEfJiXDEAaL5d5cUQ'],
  ['history 6723 of seed 1', 'sha256-yOgucqfIye5n9hiKLV7hcvBwFg9cFv8-sqlPgF3KuX8'],
])(
  '%s: a digest holds no word of anybody, and loses none when it is another one',
  async (_history, digest) => {
    account = new Account();
    const begun = await account.begin();
    first = await account.edit(begun, { data: { digest: `sha256-${'A'.repeat(43)}` } });
    one = await account.edit(first, { data: { digest } });
    other = await account.edit(first, { data: { digest: `sha256-${'B'.repeat(43)}`, title: ours } });
    const merged = await account.merge(first, one, other, {
      data: { digest: `sha256-${'C'.repeat(43)}`, title: ours },
    });
    expect(account.lostAt(merged)).toEqual([]);
    expect(account.ledger.edits.flatMap(({ adds }) => adds)).toEqual([ours]);
  },
);

test.each([
  [`${ours}${theirs}`, 'run together'],
  [`${ours}0`, 'with something behind it'],
  [`x${ours}`, 'with something before it'],
])('a word is lost where %s is left of it: %s', async (left) => {
  account = new Account();
  first = await account.edit(await account.begin(), { data: { text: `let ${was};\n` } });
  one = await account.edit(first, { data: { text: `let ${was} + ${ours};\n` } });
  other = await account.edit(first, { data: { text: `let ${was};\n`, title: theirs } });
  const merged = await account.merge(first, one, other, {
    data: { text: `let ${was} + ${left};\n`, title: theirs },
  });
  expect(account.lostAt(merged)).toContainEqual(expect.stringMatching(/e1\$0, .* is gone/));
});

test('the very same frame, made by two who saw the same, is one edit', async () => {
  account = new Account();
  const begun = await account.begin();
  await account.edit(begun, { data: { title: was } });
  await account.edit(begun, { data: { title: was } }, { replica: 'other' });
  expect(account.ledger.edits).toHaveLength(1);
  expect(account.ledger.concurrentPairs()).toBe(0);
  await account.edit(begun, { data: { title: ours } }, { replica: 'other' });
  expect(account.ledger.concurrentPairs()).toBe(1);
});
