import { changed, type ChangeKind } from './change.ts';

/** Brings back what the timeline said at some frame before, and drops what was said since. */
export const undo: ChangeKind = async (content, { earlier }) => {
  const before = await earlier();
  return before === undefined
    ? undefined
    : { ...changed(content, 'bring back what was before', before), isUndo: true };
};
