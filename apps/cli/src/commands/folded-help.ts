import { styleText } from 'node:util';

/** Every terminal has as many; help that goes to a file or a pager has them, too. */
const columns = 80;

/** Up to where the description of a flag, an argument or a command begins. */
const label = /^ +(?:-\w +)?(?:\[?--\S*|\[?\w[\w-]*(?:\.\.\.)?\]?) {2,}/u;

interface Documented<Args> {
  readonly formatHelp: (args: Args) => string;
}

/** A command, or a map of them, whose help is no wider than a terminal. */
export const withFoldedHelp = <Args extends { readonly ansiColor: boolean }, Target extends Documented<Args>>(
  target: Target & Documented<Args>,
): Target => ({
  ...target,
  formatHelp: (args: Args) =>
    target
      .formatHelp({ ...args, ansiColor: false })
      .split('\n')
      .flatMap(foldRow)
      .map((row) => (args.ansiColor && /^[A-Z]+$/u.test(row) ? styleText('bold', row) : row))
      .join('\n'),
});

const foldRow = (row: string): string[] => {
  const [head = ''] = label.exec(row) ?? [];
  // An example is to be copied as it is.
  if (head === '' && row.startsWith('  ')) return [row];
  // That a switch is off unless it is given goes without saying.
  const text = row
    .slice(head.length)
    .replace(/\s+\[default = false\]$/u, '')
    .replaceAll(/ {2,}/gu, ' ');
  const indent = ' '.repeat(head.length);
  return foldWords(text, columns - head.length).map((line, index) => (index === 0 ? head : indent) + line);
};

const foldWords = (text: string, width: number): string[] => {
  const lines = [''];
  // What may be chosen stays together as long as it fits a line.
  const words = text.split(/(?<= )(?![^[]*\])/u);
  for (const word of words.flatMap((one) => (one.length > width ? one.split(/(?<=[ |])/u) : [one]))) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && (line + word).trimEnd().length > width) lines.push(word);
    else lines[lines.length - 1] = line + word;
  }
  return lines.map((line) => line.trimEnd());
};
