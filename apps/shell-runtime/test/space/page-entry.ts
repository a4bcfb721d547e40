import { indexedDbSpace, type OpenSpace } from '@cd-push/client';
import { append, loadFrame, makeGenesis, spaceContract, walk } from '@cd-push/timeline';

declare global {
  /** Answers 'kept', or how the rule was broken. */
  var runSpaceRule: (title: string) => Promise<string>;
  /**
   * Saves into a timeline that all tabs share, as often as is said, from the tip that is found each time; answers how often
   * somebody else had moved it meanwhile.
   */
  var saveToShared: (by: string, saves: number) => Promise<number>;
  /** Height of the shared timeline's tip, and how many frames the walk from there has found. */
  var heightOfShared: () => Promise<{ readonly height: number; readonly frames: number }>;
}

globalThis.runSpaceRule = async (title) => {
  const name = crypto.randomUUID();
  const opened: OpenSpace[] = [];
  const open = (): OpenSpace => {
    const space = indexedDbSpace(name);
    opened.push(space);
    return space;
  };
  try {
    const rule = spaceContract.find((one) => one.title === title);
    await rule?.run({ open });
    return rule === undefined ? 'unknown rule' : 'kept';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    for (const space of opened) await space.close();
  }
};

const shared = indexedDbSpace('shared');

globalThis.saveToShared = async (by, saves) => {
  const genesis = await makeGenesis({ shared: true });
  let overtaken = 0;
  for (let saved = 0; saved < saves;) {
    const from = await shared.tip(genesis.address);
    const parent = from === undefined ? genesis : await loadFrame(shared, from);
    const frame = await append(parent, { data: { by, saved } });
    const { outcome } = await shared.commit({
      objects: [genesis, frame],
      swaps: [{ timeline: genesis.address, from, to: frame.address }],
    });
    if (outcome === 'committed') saved += 1;
    else overtaken += 1;
  }
  return overtaken;
};

globalThis.heightOfShared = async () => {
  const [one] = await shared.tips(undefined, 1);
  if (one === undefined) return { height: 0, frames: 0 };
  const { height } = await loadFrame(shared, one.tip);
  let frames = 0;
  for await (const _ of walk(shared, [one.tip])) frames += 1;
  return { height, frames };
};
