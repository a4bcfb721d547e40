import { ProblemError, type PushView } from '@cd-push/protocol';

import { CliError } from '../cli-error.ts';
import type { Line } from './line.ts';

/** A push as it stands at a relay that knows it. */
export interface KnownPush {
  readonly line: Line;
  readonly view: PushView;
}

/** How it stands at every relay that knows it; where none does, the refusal is the answer. */
export const knownPushes = async (lines: readonly Line[], pushGuid: string): Promise<KnownPush[]> => {
  const answers = await Promise.allSettled(
    lines.map(async (line) => ({
      line,
      view: (await line.connection.request('get-track', { pushGuid })).push,
    })),
  );
  const found = answers.filter((answer) => answer.status === 'fulfilled').map(({ value }) => value);
  const refused = answers
    .filter((answer) => answer.status === 'rejected')
    .map(({ reason }): unknown => reason);
  if (found.length > 0) return found;
  const other = refused.find(
    (reason) => !(reason instanceof ProblemError) || reason.problem.kind !== 'not-found',
  );
  if (other instanceof Error) throw other;
  throw new CliError(`No relay here knows this push: ${pushGuid}`, {
    next: 'A relay keeps its pushes for 30 days, and tells them to their sender, to admins and to observers. Made through another relay? Say which: --mode or --data',
  });
};
