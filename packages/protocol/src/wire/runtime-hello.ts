import Type, { type Static } from 'typebox';

import { HeadSchema } from './head.ts';
import { JournalOffsetSchema } from './journal-offset.ts';
import { DigestSchema } from './scalars.ts';

/** Runtime → relay, first message after every connect: what is running here. */
export const RuntimeHelloSchema = Type.Object({
  protocol: Type.Integer({ minimum: 1 }),
  /** This tab or process; the relay keeps one connection for each. */
  instance: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }),
  kind: Type.Enum(['browser', 'node']),
  /** Digest of the served base, or null where there is none. */
  base: Type.Union([DigestSchema, Type.Null()]),
  /** What was applied on top of the base; version 0 stands for the base's own content. */
  heads: Type.Array(HeadSchema, { maxItems: 10_000 }),
  /** How far it had followed the journal when it was last told; absent where it never was. */
  journal: Type.Optional(JournalOffsetSchema),
  /** Bytes of code kept that no platform can unload. */
  retainedBytes: Type.Integer({ minimum: 0 }),
});
export type RuntimeHello = Static<typeof RuntimeHelloSchema>;
