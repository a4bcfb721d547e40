/** One bar with the extremes between which it was measured. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  /** Ours is what a chart is about; the others are what it is held against. */
  readonly kind: 'ours' | 'anchor' | 'rival';
}

export interface BarChart {
  readonly title: string;
  readonly unit: string;
  /** Below the bars: where it was measured. */
  readonly note: string;
  readonly groups: readonly { readonly label: string; readonly bars: readonly Bar[] }[];
  /** A line across all bars, with what it means. */
  readonly mark?: { readonly at: number; readonly label: string };
}

const width = 760;
const left = 210;
/** Room behind the longest bar for its number. */
const right = 90;
const row = { height: 20, bar: 12 };
const top = 58;
const groupGap = 20;
const bottom = 34;

/** Horizontal bars in groups, each from zero, with whiskers to their extremes. Readable on light and dark. */
export const drawBars = ({ title, unit, note, groups, mark }: BarChart): string => {
  const bars = groups.flatMap((group) => group.bars);
  const most = Math.max(
    mark?.at ?? 0,
    ...bars.map(({ value, max }) => Math.min(max, value * longestWhisker)),
  );
  const x = (value: number): number => left + (Math.min(value, most) / most) * (width - left - right);
  const parts: string[] = [];
  let y = top;
  for (const { label, bars: inGroup } of groups) {
    parts.push(text(0, y + 4, label, 'group'));
    y += 12;
    for (const bar of inGroup) {
      parts.push(...drawn(bar, y, x));
      y += row.height;
    }
    y += groupGap;
  }
  const end = y - groupGap;
  if (mark !== undefined)
    parts.push(
      `<path class="mark" d="M${px(x(mark.at))} ${top + 8}V${end}"/>`,
      text(x(mark.at), end + 12, mark.label, 'note middle'),
    );
  const height = end + bottom;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title">`,
    `<title id="title">${escaped(title)}</title>`,
    style,
    `<rect class="ground" width="${width}" height="${height}"/>`,
    text(0, 18, title, 'title'),
    text(0, 36, unit, 'note'),
    ...parts,
    text(0, height - 6, note, 'note'),
    '</svg>',
    '',
  ].join('\n');
};

/** A whisker that reaches further, in parts of its bar, is cut off: one disturbed round would make all bars short. */
const longestWhisker = 2.5;

const drawn = ({ label, value, min, max, kind }: Bar, y: number, x: (value: number) => number): string[] => {
  const middle = y + row.bar / 2;
  const end = x(max);
  const number = Number(value.toPrecision(3)).toLocaleString('en', { maximumFractionDigits: 2 });
  return [
    text(left - 8, middle + 4, label, 'label'),
    `<rect class="${kind}" x="${left}" y="${y}" width="${px(x(value) - left)}" height="${row.bar}" rx="2"/>`,
    `<path class="whisker" d="M${px(x(min))} ${middle}H${px(end)}M${px(x(min))} ${middle - 3}v6M${px(end)} ${middle - 3}v6"/>`,
    text(Math.max(end, x(value)) + 6, middle + 4, number, 'number'),
  ];
};

const text = (x: number, y: number, words: string, kind: string): string =>
  `<text class="${kind}" x="${px(x)}" y="${px(y)}">${escaped(words)}</text>`;

const px = (value: number): string => String(Math.round(value * 10) / 10);

const escaped = (words: string): string =>
  words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const style = `<style>
  svg { --ground: #fff; --ink: #1f2328; --soft: #59636e; --ours: #0969da; --anchor: #8c959f; --rival: #bf8700; --mark: #cf222e; }
  @media (prefers-color-scheme: dark) {
    svg { --ground: #0d1117; --ink: #f0f6fc; --soft: #9198a1; --ours: #4493f8; --anchor: #7d8590; --rival: #d29922; --mark: #f85149; }
  }
  text { font: 12px system-ui, sans-serif; fill: var(--ink); }
  .title { font-size: 15px; font-weight: 600; }
  .group { font-weight: 600; }
  .label { text-anchor: end; }
  .middle { text-anchor: middle; }
  .note, .number { fill: var(--soft); }
  .note { font-size: 11px; }
  .ground { fill: var(--ground); }
  .ours { fill: var(--ours); }
  .anchor { fill: var(--anchor); }
  .rival { fill: var(--rival); }
  .whisker { stroke: var(--ink); fill: none; opacity: 0.7; }
  .mark { stroke: var(--mark); stroke-width: 1.5; fill: none; }
</style>`;
