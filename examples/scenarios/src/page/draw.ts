import { element, shape } from './elements.ts';
import type { FrameView, HistoryView } from '../view.ts';

/** In pixels; a row is as high as `--row` says. */
const row = 36;
const lane = 18;
const radius = 6;

interface Placed {
  readonly frame: FrameView;
  readonly x: number;
  readonly y: number;
}

/** A timeline as one side has it: branches side by side, the tip at the top. */
export const drawHistory = (name: string, { frames, leftOut }: HistoryView): HTMLElement => {
  const { placed, lanes } = place(frames, leftOut);
  const width = lanes * lane;
  const height = frames.length * row;
  const graph = shape(
    'svg',
    { width: String(width), height: String(height), 'aria-hidden': 'true' },
    edges(placed, leftOut),
    [...placed.values()].map(({ frame, x, y }) =>
      shape('circle', { class: classOf(frame), cx: String(x), cy: String(y), r: String(radius) }),
    ),
  );
  return element(
    'section',
    { class: 'history', 'data-timeline': name },
    element('h4', {}, name),
    frames.length === 0
      ? element('p', { class: 'quiet' }, 'nothing yet')
      : element(
          'div',
          { class: 'graph' },
          graph,
          element(
            'ol',
            {},
            frames.map((frame, index) =>
              rowOf(frame, index === 0, index === frames.length - 1 ? leftOut : 0),
            ),
          ),
        ),
  );
};

const rowOf = (frame: FrameView, isTip: boolean, leftOut: number): HTMLElement =>
  element(
    'li',
    { title: `${frame.address}\n${frame.label}`, 'data-address': frame.address },
    element('span', { class: 'height' }, `v${frame.height}`),
    element(
      'span',
      { class: 'label' },
      leftOut > 0 ? `${frame.label}; ${leftOut} more between` : frame.label,
    ),
    isTip ? element('span', { class: 'tip' }, 'tip') : undefined,
    element('span', { class: 'address' }, frame.address.slice(-6)),
  );

const classOf = ({ isMerge, isShared, hasConflict }: FrameView): string =>
  ['frame', isMerge ? 'merge' : '', isShared ? '' : 'own', hasConflict ? 'conflict' : '']
    .filter(Boolean)
    .join(' ');

/** Gives each frame a lane: its first parent goes on in it, another one beside it. */
const place = (
  frames: readonly FrameView[],
  leftOut: number,
): { readonly placed: ReadonlyMap<string, Placed>; readonly lanes: number } => {
  const expected: (string | undefined)[] = [];
  const placed = new Map<string, Placed>();
  let lanes = 1;
  const free = (): number => {
    const index = expected.indexOf(undefined);
    return index === -1 ? expected.length : index;
  };
  for (const [index, frame] of frames.entries()) {
    // After the gap everything has come together.
    if (leftOut > 0 && index === frames.length - 1) expected.length = 0;
    const known = expected.indexOf(frame.address);
    const at = known === -1 ? free() : known;
    for (const [other, address] of expected.entries())
      if (address === frame.address) expected[other] = undefined;
    placed.set(frame.address, { frame, x: at * lane + lane / 2, y: index * row + row / 2 });
    const [first, second] = frame.parents;
    expected[at] = first !== undefined && !expected.includes(first) ? first : undefined;
    if (second !== undefined && !expected.includes(second)) expected[free()] = second;
    lanes = Math.max(lanes, expected.length, at + 1);
  }
  return { placed, lanes };
};

const edges = (placed: ReadonlyMap<string, Placed>, leftOut: number): SVGElement[] => {
  const drawn: SVGElement[] = [];
  for (const { frame, x, y } of placed.values()) {
    for (const parent of frame.parents) {
      const to = placed.get(parent);
      if (to !== undefined) drawn.push(edge({ x, y }, to));
    }
  }
  const [last, before] = [...placed.values()].toReversed();
  if (leftOut > 0 && last !== undefined && before !== undefined) {
    drawn.push(shape('path', { class: 'gap', d: `M ${before.x} ${before.y} L ${last.x} ${last.y}` }));
  }
  return drawn;
};

const edge = (from: { readonly x: number; readonly y: number }, to: Placed): SVGElement => {
  if (from.x === to.x) return shape('path', { d: `M ${from.x} ${from.y} L ${to.x} ${to.y}` });
  // Off to the other lane at the height of the lower one's row, or down along the own lane first.
  const turn = from.x < to.x ? from.y + row / 2 : to.y - row / 2;
  return shape('path', {
    d: `M ${from.x} ${from.y} C ${from.x} ${turn}, ${to.x} ${turn}, ${to.x} ${from.x < to.x ? from.y + row : to.y}${
      from.x < to.x ? ` L ${to.x} ${to.y}` : ''
    }`,
  });
};
