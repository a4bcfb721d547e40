/** Signs in front of and between words. */
export interface Marks {
  readonly done: string;
  readonly failed: string;
  /** Nothing will come of it any more, and nothing went wrong. */
  readonly ended: string;
  readonly waiting: string;
  readonly away: string;
  /** A policy keeps it from being sent. */
  readonly held: string;
  /** It is tried another time. */
  readonly again: string;
  readonly arrow: string;
  readonly dot: string;
  readonly cut: string;
}

const signs: Marks = {
  done: '✓',
  failed: '✗',
  ended: '–',
  waiting: '…',
  away: '○',
  held: '‖',
  again: '↻',
  arrow: '→',
  dot: '·',
  cut: '…',
};
const ascii: Marks = {
  done: '+',
  failed: 'x',
  ended: '-',
  waiting: '.',
  away: 'o',
  held: '=',
  again: '@',
  arrow: '>',
  dot: '-',
  cut: '~',
};

/**
 * ASCII where the locale says that it is not UTF-8, and on consoles whose font lacks the signs. A locale that is not set
 * at all is that of a container, whose terminal is somebody's window.
 */
export const marksFor = (
  env: Readonly<Record<string, string | undefined>>,
  platform = process.platform,
): Marks => {
  if (env.TERM === 'linux' || env.TERM === 'dumb') return ascii;
  if (platform === 'win32') return env.WT_SESSION || env.TERM_PROGRAM || env.TERM ? signs : ascii;
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || 'UTF-8';
  return /utf-?8/iu.test(locale) ? signs : ascii;
};
