import type { CliContext } from '../cli-context.ts';
import { Pen } from '../talk/pen.ts';
import { Talk } from '../talk/talk.ts';
import { shownSize } from '../versions/version-name.ts';
import type { Comparison } from './compare.ts';
import type { Side } from './side.ts';
import { unified } from './unified.ts';

/** Shows what two states of a file differ in. */
export const showComparison = (
  { screen, process: { stdout, env } }: CliContext,
  resource: string,
  sides: readonly [Side, Side],
  comparison: Comparison,
): void => {
  if (comparison.kind === 'text')
    screen.pass(unified(new Pen(stdout, env), resource, sides, comparison.hunks));
  else if (comparison.kind === 'other') screen.print(`${sides.map(summaryOf).join('\n')}\n`);
};

const summaryOf = ({ name, digest, bytes }: Side): string =>
  digest === null ? `${name}   not there` : `${name}   ${shownSize(bytes)}   ${digest}`;

const reasons = {
  binary: 'It is no text.',
  'too-large': 'It is too long to be compared line by line.',
  'too-different': 'Nearly nothing of it is as it was.',
} as const;

/** What the comparison itself does not say. */
export const tellComparison = (
  context: CliContext,
  resource: string,
  [from, to]: readonly [Side, Side],
  comparison: Comparison,
  isPushed: boolean,
): void => {
  const talk = new Talk(context);
  if (comparison.kind === 'gone') return;
  if (comparison.kind === 'same')
    talk.say(`${from.name} and ${to.name} of ${resource} are the same${isPushed ? ', as pushed' : ''}.`);
  if (comparison.kind === 'other') talk.say(reasons[comparison.reason]);
  if (comparison.form === 'pushed' && !isPushed)
    talk.tell('Of one of them the file as it was saved is not known: this is what was pushed, made of it.');
};

/** The same as data, besides what it is about. */
export const comparisonJson = (resource: string, sides: readonly [Side, Side], comparison: Comparison) => {
  const [from, to] = sides.map(({ name, digest, bytes, version }) => ({
    name,
    version: version?.version ?? null,
    digest,
    bytes,
  }));
  const about = { resource, from, to };
  switch (comparison.kind) {
    case 'text': {
      const { form, added, removed, hunks } = comparison;
      return { ...about, form, added, removed, diff: unified(plain, resource, sides, hunks) };
    }
    case 'same':
      return { ...about, form: comparison.form, added: 0, removed: 0, diff: '' };
    case 'other':
      return { ...about, form: comparison.form, reason: comparison.reason, diff: null };
    case 'gone':
      return { ...about, diff: null };
    default:
      return comparison satisfies never;
  }
};

/** Data has no colours. */
const plain: Pick<Pen, 'paint'> = { paint: (_format, text) => text };
