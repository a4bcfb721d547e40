import { Type, type Static } from 'typebox';

/** What the harness wants of a runtime. */
export const RuntimeOrderSchema = Type.Object({
  name: Type.String(),
  /** Folder of the history. */
  logs: Type.String(),
  apiUrl: Type.String(),
  relayUrl: Type.String(),
  /** Folder of the base. */
  base: Type.String(),
  /** Folder for what it keeps over its lives. */
  state: Type.String(),
  joinCode: Type.String(),
  /** How many values its program has. */
  values: Type.Integer(),
});
export type RuntimeOrder = Static<typeof RuntimeOrderSchema>;
