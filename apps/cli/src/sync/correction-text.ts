import type { Correction, Problem, PushView } from '@cd-push/protocol';

import { reasonLines } from './push-row.ts';
import { failureNext } from '../talk/explain.ts';
import { fold } from '../talk/fold.ts';
import type { Pen } from '../talk/pen.ts';

/** Why a delivery failed or expired, as lines below its row: what was said, where, of what cause, and what would mend it. */
export const failureReason = (
  pen: Pen,
  { patches }: Pick<PushView, 'patches'>,
  {
    problem,
    correction,
  }: { readonly problem?: Problem | undefined; readonly correction?: Correction | undefined },
  runtime: 'browser' | 'node' | undefined,
): string[] => {
  const [, module = ''] = patches[0]?.resource.split('/') ?? [];
  const next = correction?.advice ?? (problem && failureNext(problem, runtime));
  return [
    ...(problem === undefined ? [] : reasonLines(pen, problem, module)),
    ...(correction === undefined ? [] : [`    cause: ${correction.cause.replaceAll('-', ' ')}`]),
    ...(next === undefined ? [] : fold(`next: ${next}`, pen.columns, '    ')),
  ];
};

/** The command that does what a correction proposes; undefined where no command of ours does it. */
export const commandOf = (
  { action, resource }: Correction,
  { patches }: Pick<PushView, 'patches'>,
  /** As they are to be written in the command. */
  { guid, recipient }: { readonly guid: string; readonly recipient: string },
): string | undefined => {
  switch (action) {
    case 'retry':
      return `cd-cli retry ${guid} --target ${recipient}`;
    case 'push-missing':
      return resource === undefined ? undefined : `cd-cli push ${resource}`;
    case 'rebase': {
      const [first] = patches;
      const file = resource ?? (patches.length === 1 ? first?.resource : undefined);
      return file === undefined ? undefined : `cd-cli push ${file}`;
    }
    case 'sign-in':
      return 'cd-cli login';
    case 'wait':
    case 'grant':
    case 'restart':
    case 'fix':
      return undefined;
    default:
      return action satisfies never;
  }
};
