/**
 * What a terminal does instead of showing: control characters (C0, C1), signs that turn the direction of writing, joiners,
 * fillers, tags and all else that takes no place, and halves of surrogate pairs. Lines stay lines.
 */
const invisible = /[[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]--[\n]]/v;
/** Emoji are made up of several code points, some of them invisible ones. */
const emoji = /\p{RGI_Emoji}/v;
/** What a pen of ours has put in, and the indentation of a source that is quoted. */
const ours = /\u001B\[(?:[12]|22|3[1-9])m|\t/v;

/** Made when the first text needs it: the sequences of emoji alone take longer to read than most commands to load. */
const once = (make: () => RegExp): (() => RegExp) => {
  let made: RegExp | undefined;
  return () => (made ??= make());
};
const inText = once(() => new RegExp(`${emoji.source}|(${invisible.source})`, 'gv'));
const inColouredText = once(() => new RegExp(`${ours.source}|${inText().source}`, 'gv'));

/**
 * Text from other machines (names, what a runtime says of its failure) for a terminal: what cannot be seen is written
 * out, as JSON would, instead of done.
 */
export const printable = (text: string): string => writtenOut(text, inText);

/** The same for what is about to be written, which may have been coloured here. */
export const printableInColour = (text: string): string => writtenOut(text, inColouredText);

const writtenOut = (text: string, found: () => RegExp): string =>
  // Nearly every text has none, and the sequences of emoji are a long list to look through.
  invisible.test(text)
    ? text.replaceAll(found(), (match, hidden?: string) => (hidden === undefined ? match : escaped(hidden)))
    : text;

const escaped = (character: string): string =>
  character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
