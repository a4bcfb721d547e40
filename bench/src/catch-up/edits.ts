import { below, pick, type Draw } from './draw.ts';

/** How often something that does not fit is drawn anew before a save counts as one that changed nothing. */
const triesAtMost = 200;
const name = /[A-Za-z_]\w{2,}/gu;

interface EditsOptions {
  readonly draw: Draw;
  /** Lines from elsewhere, of which new ones are made. */
  readonly donors: readonly string[];
  /** Whether a text is one that somebody would save. */
  readonly accepts: (text: string) => Promise<boolean>;
}

/**
 * What a file was before and after each of so many saves: names are changed, lines come, go, are copied and moved, mostly
 * about where the save before was.
 */
export const savesOf = async (
  text: string,
  count: number,
  { draw, donors, accepts }: EditsOptions,
): Promise<string[]> => {
  const saves = [text];
  let at = below(draw, text.split('\n').length);
  while (saves.length <= count) {
    const before = saves.at(-1) ?? text;
    let next: string | undefined;
    for (let tries = 0; next === undefined && tries < triesAtMost; tries += 1) {
      const lines = before.split('\n');
      if (draw() < 0.25) at = below(draw, lines.length);
      const place = Math.min(Math.max(at + below(draw, 21) - 10, 0), lines.length - 1);
      edited(lines, place, draw, donors);
      const drawn = lines.join('\n');
      if (drawn !== before && (await accepts(drawn))) next = drawn;
    }
    saves.push(next ?? before);
  }
  return saves;
};

const edited = (lines: string[], place: number, draw: Draw, donors: readonly string[]): void => {
  const kind = draw();
  if (kind < 0.4) {
    // A name, or a part of one.
    const [old] = (lines[place] ?? '').match(name)?.slice(below(draw, 3)) ?? [];
    const other = draw() < 0.5 ? wordIn(lines, draw) : `${old}${below(draw, 100)}`;
    if (old !== undefined) lines[place] = (lines[place] ?? '').replace(old, other);
  } else if (kind < 0.7) {
    const start = below(draw, donors.length - 4);
    lines.splice(place, 0, ...likeThese(donors.slice(start, start + 1 + below(draw, 4)), lines, draw, 0.3));
  } else if (kind < 0.82) {
    lines.splice(place, 1 + below(draw, 2));
  } else if (kind < 0.9) {
    const block = lines.slice(place, place + 2 + below(draw, 6));
    lines.splice(place + block.length, 0, ...likeThese(block, lines, draw, 0.15));
  } else if (kind < 0.95) {
    const block = lines.splice(place, 3 + below(draw, 10));
    lines.splice(below(draw, lines.length + 1), 0, ...block);
  } else {
    // A name everywhere nearby.
    const [old, other] = [wordIn(lines, draw), `${wordIn(lines, draw)}${below(draw, 10)}`];
    for (let line = Math.max(place - 40, 0); line < Math.min(place + 40, lines.length); line += 1)
      lines[line] = (lines[line] ?? '').replaceAll(old, other);
  }
};

const likeThese = (
  block: readonly string[],
  lines: readonly string[],
  draw: Draw,
  changed: number,
): string[] =>
  block.map((line) => line.replaceAll(name, (word) => (draw() < changed ? wordIn(lines, draw) : word)));

const wordIn = (lines: readonly string[], draw: Draw): string => {
  for (let tries = 0; tries < triesAtMost; tries += 1) {
    const words = pick(draw, lines).match(name);
    if (words !== null) return pick(draw, words);
  }
  return 'value';
};
