import { deflateRawSync } from 'node:zlib';

import { Type, type Static } from 'typebox';

import { module } from '../participants/installation.ts';
import { CatchUpSchema, HeadSchema } from '../participants/lagging.ts';
import { clientCpu, Participant } from '../participants/participant.ts';
import { Installed } from '../push/installed.ts';
import type { History, Version } from './histories.ts';
import { referenceSizes, smallest, type Sizes } from './references.ts';

type Head = Static<typeof HeadSchema>;

/** How one file was brought to one who was behind, in bytes. */
export interface Measured {
  readonly file: string;
  readonly lag: number;
  readonly encoding: string;
  readonly content: number;
  readonly references: Sizes;
  /** The content and its source map, deflated. */
  readonly whole: number;
  readonly ratio: number;
  readonly besidesPerFrame: number;
  /** Until it arrived, at first and where the relay has just sent the same to somebody else. */
  readonly ms: { readonly first: number; readonly again: number };
}

/** Pushes whole histories, and brings one who is so many versions behind up to date, file by file. */
export const measureCatchUp = async (
  histories: readonly History[],
  lags: readonly number[],
  tell: (what: string) => void = () => {},
): Promise<Measured[]> => {
  await using owner = new AsyncDisposableStack();
  const installed = owner.use(await Installed.start({ journal: { kind: 'sqlite' } }));
  await installed.join(1);
  const runtime = owner.use(await Participant.start({ program: 'lagging', cpu: clientCpu }));
  await runtime.tell('enrol', { apiUrl: installed.urls.apiUrl, joinCode: await installed.joinCode(1) });

  const measured: Measured[] = [];
  /** What is in place of the other files. */
  const others: Head[] = [];
  for (const history of histories) {
    tell(history.name);
    const heads = await pushed(history, installed);
    for (const lag of lags) measured.push(await broughtTo(history, heads, lag, others, runtime, installed));
    others.push(...heads.slice(-1));
  }
  return measured;
};

/** Pushes every version, and answers the head that each left. */
const pushed = async ({ name, versions }: History, { sender }: Installed): Promise<Head[]> => {
  const resource = `/${module}/${name}`;
  const heads: Head[] = [];
  for (const version of versions) {
    const { head } = await sender.ask(
      'version',
      { resource, ...sent(version) },
      Type.Object({ head: HeadSchema }),
    );
    heads.push(head);
  }
  return heads;
};

const broughtTo = async (
  { name, versions }: History,
  heads: readonly Head[],
  lag: number,
  others: readonly Head[],
  runtime: Participant,
  { urls }: Installed,
): Promise<Measured> => {
  const at = versions.length - 1 - lag;
  const [held, head, current] = [versions[at], heads[at], versions.at(-1)];
  if (held === undefined || head === undefined || current === undefined)
    throw new RangeError(`${name} has no ${lag} versions.`);
  const once = (instance: string) =>
    runtime.ask(
      'catchUp',
      { relayUrl: urls.relayUrl, instance, heads: [...others, head], ...sent(held) },
      CatchUpSchema,
    );
  const first = await once(`${lag}-first-${heads.length}-${others.length}`);
  const again = await once(`${lag}-again-${heads.length}-${others.length}`);
  const references = sum(partsOf(held, current).map(([before, after]) => referenceSizes(before, after)));
  return {
    file: name,
    lag,
    encoding: first.encoding,
    content: first.contentBytes,
    references,
    whole: partsOf(held, current).reduce((bytes, [, after]) => bytes + deflateRawSync(after).length, 0),
    ratio: first.contentBytes / smallest(references),
    besidesPerFrame: (first.bytes - first.contentBytes) / lag,
    ms: { first: first.ms, again: again.ms },
  };
};

const sent = ({ content, map }: Version): object => ({ content, ...(map === undefined ? {} : { map }) });

/** What is compared: the content, and the source map where there is one. */
const partsOf = (before: Version, after: Version): readonly (readonly [string, string])[] => [
  [before.content, after.content],
  ...(before.map === undefined || after.map === undefined ? [] : [[before.map, after.map] as const]),
];

const sum = (sizes: readonly Sizes[]): Sizes => {
  const of = (name: keyof Sizes): number | undefined =>
    sizes.reduce<number | undefined>((total, { [name]: size }) => {
      if (total === undefined || size === undefined) return undefined;
      return total + size;
    }, 0);
  return { zstd: of('zstd'), lines: of('lines'), xdelta3: of('xdelta3') };
};
