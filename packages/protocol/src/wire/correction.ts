import Type, { type Static } from 'typebox';

/**
 * What would mend a failed delivery. `retry`: the same push again; `push-missing`: the file named in `resource` is missing
 * there, or exports something else, and has to be pushed first; `rebase`: it was made upon another content than the one in
 * place, and has to be made anew upon that; `wait`: the target is away, and gets it when it is back; `grant`: somebody has
 * to allow it; `sign-in`: the session or certificate has to be renewed; `restart`: the target has to be started anew;
 * `fix`: the code itself has to be changed.
 */
export const CorrectionSchema = Type.Object({
  cause: Type.Enum([
    'missing-import',
    'mismatched-import',
    'stale-base',
    'absent-target',
    'bad-grant',
    'bad-signature',
    'needs-restart',
    'broken-code',
    'transient',
  ]),
  action: Type.Enum(['retry', 'push-missing', 'rebase', 'wait', 'grant', 'sign-in', 'restart', 'fix']),
  /** What the action is about, where that is a file. */
  resource: Type.Optional(Type.String()),
  /** One sentence for people. */
  advice: Type.String(),
});
export type Correction = Static<typeof CorrectionSchema>;
