import { itemKinds, type Insertion } from './item-kinds.ts';
import { headsOf, openBracketOf, outlineOf } from './outline.ts';
import type { Collision, Rule } from './rule.ts';

/**
 * Both put items into the same list at the same place - imports, properties, members, alternatives -, each with names of
 * their own: all of them stand, in the order of their texts. Statements are not items: they run in an order that nobody but
 * their authors knows. Items of one side that the other has elsewhere, where it has merged them beside others before, say, would
 * stand there twice.
 */
export const unitedItems: Rule = (collision) => {
  const { base, ours, theirs, before, whole } = collision;
  if (base !== '') return undefined;
  const within = openBracketOf(before.end);
  const [one, other] = [itemsOf(ours, collision, within), itemsOf(theirs, collision, within)];
  if (one === undefined || other === undefined || one.form !== other.form) return undefined;
  if ([...one.names].some((name) => other.names.has(name))) return undefined;
  if ([...one.names].some((name) => [...other.names].some((another) => one.excludes(name, another))))
    return undefined;
  if (one.lines.some((line) => whole.hasPut('theirs', line))) return undefined;
  if (other.lines.some((line) => whole.hasPut('ours', line))) return undefined;
  return [ours, theirs].toSorted().join('');
};

interface Items {
  /** What kind they are, and where the sign between them stands: only what is alike in that can stand together. */
  readonly form: string;
  /** In which they begin. */
  readonly lines: readonly string[];
  readonly names: ReadonlySet<string>;
  readonly excludes: (name: string, other: string) => boolean;
}

const itemsOf = (text: string, { language }: Collision, within: string | undefined): Items | undefined => {
  const outline = outlineOf(text);
  if (outline === undefined) return undefined;
  const heads = headsOf(outline);
  const tokens = outline.lines.flatMap((line) => line.tokens);
  const [first, last] = [tokens[0], tokens.at(-1)];
  if (heads.length === 0 || first === undefined || last === undefined) return undefined;
  const insertion: Insertion = {
    heads,
    first,
    last,
    hasSemicolon: tokens.includes(';'),
    isWholeLines: text.includes('\n'),
    within,
  };
  const kind = itemKinds.find(({ languages, fits }) => languages.includes(language) && fits(insertion));
  if (kind === undefined) return undefined;
  const form = [
    kind.name,
    outline.depth,
    first === ',',
    last === ',',
    /^\s*\n/.test(text),
    text.endsWith('\n'),
  ];
  return {
    form: form.join(' '),
    lines: heads.map((head) => head.text),
    names: new Set(heads.map(kind.nameOf)),
    excludes: kind.excludes ?? (() => false),
  };
};
