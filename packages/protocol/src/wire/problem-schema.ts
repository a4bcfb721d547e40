import Type, { type Static } from 'typebox';

import type { ProblemKind } from '../problem-kinds.ts';

/** RFC 9457 members, and what makes a problem one of ours: its kind and whether a retry makes sense. */
export const ProblemSchema = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer({ minimum: 400, maximum: 599 }),
  kind: Type.Unsafe<ProblemKind>(Type.String({ pattern: '^[a-z][a-z-]{1,39}$' })),
  retryable: Type.Boolean(),
  detail: Type.Optional(Type.String()),
  path: Type.Optional(Type.String()),
  resource: Type.Optional(Type.String()),
  current: Type.Optional(
    Type.Object({ version: Type.Integer({ minimum: 0 }), digest: Type.Union([Type.String(), Type.Null()]) }),
  ),
  stack: Type.Optional(Type.String()),
  retryAfter: Type.Optional(Type.Number({ minimum: 0 })),
});
export type Problem = Static<typeof ProblemSchema>;
