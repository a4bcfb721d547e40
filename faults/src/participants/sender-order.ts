import { Type, type Static } from 'typebox';

/** What the harness wants of a sender. */
export const SenderOrderSchema = Type.Object({
  name: Type.String(),
  seed: Type.Integer(),
  /** Folder of the history. */
  logs: Type.String(),
  apiUrl: Type.String(),
  relayUrl: Type.String(),
  /** Folder for what it keeps over its lives: session, key, outbox. */
  home: Type.String(),
  /** Files that only this one changes. */
  ownValues: Type.Array(Type.String()),
  ownPart: Type.String(),
  /** Files that others change as well. */
  shared: Type.Array(Type.String()),
  /** Content of a part, in which `placeholder` stands for the push that brings it. */
  partTemplate: Type.String(),
  placeholder: Type.String(),
});
export type SenderOrder = Static<typeof SenderOrderSchema>;
