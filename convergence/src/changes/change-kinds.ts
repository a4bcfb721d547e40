import type { Weighted } from '../draw/draw.ts';
import type { Change, ChangeKind, Content, Hand } from './change.ts';
import { deleteField, setField, setList } from './fields.ts';
import { deleteKey, replaceMap, setKey } from './maps.ts';
import { addLink, removeLink } from './relations.ts';
import { settle } from './settle.ts';
import { editText, writeOrDropText } from './texts.ts';
import { undo } from './undo.ts';

/** Every way of editing a timeline, and how often it is tried. */
const kinds: readonly Weighted<ChangeKind>[] = [
  [editText, 40],
  [setField, 12],
  [deleteField, 3],
  [setList, 2],
  [setKey, 12],
  [deleteKey, 4],
  [replaceMap, 2],
  [addLink, 6],
  [removeLink, 4],
  [settle, 10],
  [writeOrDropText, 2],
  [undo, 1],
];

/** Some change of this content. Where it gives no occasion for the kind that was drawn, a field is set. */
export const drawChange = async (content: Content, hand: Hand): Promise<Change> => {
  const change = await hand.draw.weigh(kinds)(content, hand);
  const fallback = change ?? (await setField(content, hand));
  if (fallback === undefined) throw new TypeError('A field can always be set.');
  return fallback;
};
