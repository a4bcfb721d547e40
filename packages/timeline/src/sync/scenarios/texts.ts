import { isConflict } from '../../frames/conflict.ts';
import type { Value } from '../../objects/value.ts';
import type { Play } from './play.ts';
import type { SyncScenario } from './scenario.ts';
import { situation } from './situation.ts';

const lines = (...parts: readonly string[]): string => parts.map((part) => `${part}\n`).join('');

interface Texts {
  readonly base: string;
  readonly a: string;
  readonly b: string;
}

const edited = (title: string, { base, a, b }: Texts, expect: (play: Play, text: Value) => void) =>
  situation(title, {
    setUp: async (play: Play) => {
      const alpha = await play.begin('alpha', ['a', 'b']);
      for (const side of ['a', 'b'] as const) await play.edit(side, alpha, { text: base });
      const frames = [await play.change('a', alpha, { text: a }), await play.change('b', alpha, { text: b })];
      return { alpha, frames };
    },
    run: async (play, { alpha }) => void (await play.sync({ timelines: [alpha.address] })),
    check: async (play, { alpha, frames }) => {
      expect(play, (await play.tip('b', alpha)).frame.data['text'] ?? null);
      await play.converged({ timelines: [alpha.address] }, frames);
    },
  });

const becomes =
  (expected: string) =>
  (play: Play, text: Value): void =>
    play.equal('The text has every edit once, in its place', text, expected);

const paragraphs = lines('first', '', 'second', '', 'third');

export const texts: SyncScenario = {
  number: 9,
  title: 'Text',
  about: 'Both sides have edited one text.',
  situations: [
    edited(
      'A prepends, B appends',
      { base: lines('middle'), a: lines('before', 'middle'), b: lines('middle', 'after') },
      becomes(lines('before', 'middle', 'after')),
    ),
    edited(
      'edits in different paragraphs',
      {
        base: paragraphs,
        a: lines('first, by A', '', 'second', '', 'third, by A'),
        b: lines('first', '', 'second, by B', '', 'third'),
      },
      becomes(lines('first, by A', '', 'second, by B', '', 'third, by A')),
    ),
    edited(
      'the same edit at both sides is not doubled',
      {
        base: paragraphs,
        a: lines('new', 'first', '', 'second', '', 'third'),
        b: lines('new', 'first', '', 'second', '', 'third', 'last'),
      },
      becomes(lines('new', 'first', '', 'second', '', 'third', 'last')),
    ),
    edited(
      'edits of one line are told as a conflict, and no text is lost',
      {
        base: lines('one', 'two', 'three'),
        a: lines('one', 'two as A has it', 'three'),
        b: lines('one', 'another two, by B', 'three'),
      },
      (play, text) => {
        const sides = isConflict(text) ? text.sides : text;
        play.equal('Both texts are there, whole', sides, [
          lines('one', 'another two, by B', 'three'),
          lines('one', 'two as A has it', 'three'),
        ]);
      },
    ),
  ],
};
