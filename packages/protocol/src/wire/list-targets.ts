import Type, { type Static } from 'typebox';

import { SelectorSchema } from './sync-target.ts';

/** Sender → relay: which runtimes this session may reach. */
export const ListTargetsSchema = Type.Object({ select: Type.Optional(SelectorSchema) });
export type ListTargets = Static<typeof ListTargetsSchema>;
