import Type, { type Static } from 'typebox';

import { SelectorSchema } from './sync-target.ts';
import { TargetViewSchema } from './target-view.ts';

/** Sender → relay: which runtimes this session may reach. */
export const ListTargetsSchema = Type.Object({ select: Type.Optional(SelectorSchema) });
export type ListTargets = Static<typeof ListTargetsSchema>;

/** Relay → sender: those runtimes, connected or not. */
export const ListTargetsAnswerSchema = Type.Object({ targets: Type.Array(TargetViewSchema) });
export type ListTargetsAnswer = Static<typeof ListTargetsAnswerSchema>;
