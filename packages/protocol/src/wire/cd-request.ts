import Type, { type Static } from 'typebox';

const Text = Type.String({ maxLength: 128 });

/** A call to a controller: context, module, controller, action and its data. */
const ControllerCallSchema = Type.Object({
  ctx: Text,
  m: Text,
  c: Text,
  a: Text,
  dat: Type.Object({
    f_vals: Type.Array(Type.Record(Type.String(), Type.Unknown()), { maxItems: 100 }),
    token: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  }),
  args: Type.Optional(Type.Unknown()),
});

/** An operation described by its metadata, as dev-sync writes it. */
const OperationSchema = Type.Object({
  meta: Type.Record(Type.String(), Type.Unknown()),
  data: Type.Optional(Type.Unknown()),
});

/** The HTTP request that a push grew from; kept and relayed for traceability, without its secrets. */
export const CdRequestSchema = Type.Union([ControllerCallSchema, OperationSchema]);
export type ICdRequest = Static<typeof CdRequestSchema>;
