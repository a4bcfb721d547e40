import { append, makeGenesis, MemorySpace, type FrameObject } from '../../../src/index.ts';

export const put = (space: MemorySpace, frames: readonly FrameObject[]): void => {
  const [first] = frames;
  const last = frames.at(-1);
  if (first === undefined || last === undefined) return;
  const from = space.tip(first.timeline);
  const swaps = [{ timeline: first.timeline, from, to: last.address }];
  const committed = space.commit({ objects: frames, swaps });
  if (committed.outcome !== 'committed') throw new Error('The tip is another one.');
};

/** Frames upon another one, which change one member again and again. */
export const grow = async (from: FrameObject, name: string, count: number): Promise<FrameObject[]> => {
  const frames: FrameObject[] = [];
  let last = from;
  for (let n = 0; n < count; n += 1) {
    last = await append(last, { data: { ...last.frame.data, [name]: n } });
    frames.push(last);
  }
  return frames;
};

/** Two spaces that have gone on from a frame that both have. */
export const diverged = async (common: number, ours: number, theirs: number) => {
  const a = new MemorySpace();
  const b = new MemorySpace();
  const genesis = await makeGenesis({ name: crypto.randomUUID() });
  const shared = [genesis, ...(await grow(genesis, 'shared', common))];
  for (const space of [a, b]) put(space, shared);
  const fork = shared.at(-1)!;
  const own = await grow(fork, 'a', ours);
  const other = await grow(fork, 'b', theirs);
  put(a, own);
  put(b, other);
  return { a, b, genesis, fork, own, other, timeline: genesis.address };
};
