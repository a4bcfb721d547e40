import { isConflict, linkTo, storedBlob, type StoredObject, type Value } from '@cd-push/timeline';

import { changed, withMember, type Change, type ChangeKind, type Content, type Hand } from './change.ts';
import { editedText, otherText } from './text-edits.ts';

/** A text that stands in the frame itself, and one that is a file. */
export const textNames = ['text', 'source'] as const;
export type TextName = (typeof textNames)[number];

/** Undefined where there is none, or it is in conflict. */
export const textIn = (value: Value | undefined, hand: Pick<Hand, 'textOf'>): string | undefined =>
  typeof value === 'string' ? value : hand.textOf(value);

/** A text as it stands in a frame, and the blob that has to be there for it. */
export const textValue = async (
  name: TextName,
  text: string,
): Promise<{ readonly value: Value; readonly objects: readonly StoredObject[] }> => {
  if (name === 'text') return { value: text, objects: [] };
  const blob: StoredObject = await storedBlob(text);
  return { value: linkTo(blob.address), objects: [blob] };
};

const withText = async (content: Content, name: TextName, text: string, what: string): Promise<Change> => {
  const { value, objects } = await textValue(name, text);
  return changed(content, what, { data: withMember(content.data, name, value), objects });
};

/** Inserts, replaces and takes away lines and words. */
export const editText: ChangeKind = (content, hand) => {
  const name = hand.draw.pickFrom(namesIn(content, hand));
  const text = name === undefined ? undefined : textIn(content.data[name], hand);
  if (name === undefined || text === undefined) return undefined;
  const [what, edited] = editedText(text, hand.draw, hand.token);
  return edited === text ? undefined : withText(content, name, edited, `${name}: ${what}`);
};

/** Writes a text where there is none, or throws one away. */
export const writeOrDropText: ChangeKind = (content, hand) => {
  const { draw, token } = hand;
  const name = draw.pick(textNames);
  const before = content.data[name];
  if (before === undefined) return withText(content, name, otherText(draw, token), `write ${name}`);
  return isConflict(before)
    ? undefined
    : changed(content, `delete ${name}`, { data: withMember(content.data, name, undefined) });
};

const namesIn = (content: Content, hand: Hand): readonly TextName[] =>
  textNames.filter((name) => textIn(content.data[name], hand) !== undefined);
