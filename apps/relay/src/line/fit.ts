import {
  limits,
  ok,
  problemOf,
  refuse,
  type EpochMs,
  type PatchContent,
  type PatchHead,
  type Problem,
  type Result,
  type Statement,
} from '@cd-push/protocol';
import { openContent } from '@cd-push/timeline';

import type { Journal, Misfit, Place } from '../journal/journal.ts';
import type { AuthorizedPush } from './authorize.ts';

/**
 * Step 4, what depends on time and on what is in place: the statement is fresh, its versions follow the heads, and the
 * contents are what it signs.
 *
 * @returns the contents, whole: a delta has been applied.
 */
export const fit = async (
  { envelope, statement, session }: AuthorizedPush,
  journal: Journal,
  at: EpochMs,
): Promise<Result<readonly PatchContent[], Problem>> => {
  const untimely = untimelyBy(statement, at);
  if (untimely !== undefined) return refuse(untimely);
  if (statement.kind !== 'patch') return ok([]);
  const place: Place = { tenant: session.tenant, environment: statement.environment };
  const contents = envelope.pushData.contents ?? [];
  // Who joins later is sent them whole, and so is whoever a delta does not fit.
  if (wholeBytes(statement.patches, contents) > limits.envelopeBytes) {
    return refuse(
      problemOf('too-large', {
        path: '/pushData/statement/patches',
        detail: `The files of one push have at most ${limits.envelopeBytes} bytes, also where they travel as deltas. Push fewer at a time.`,
      }),
    );
  }
  const misfit = await journal.misfit(place, statement.patches);
  if (misfit !== undefined) return refuse(conflictOf(misfit));

  const whole: PatchContent[] = [];
  for (const [index, patch] of statement.patches.entries()) {
    const content = contents[index] ?? { encoding: 'none' };
    const base =
      content.encoding === 'delta' ? await journal.head(place, patch.from ?? patch.resource) : undefined;
    const opened = await openContent(patch, content, base?.text);
    if (!opened.ok) return refuse({ ...opened.problem, path: `/pushData/contents/${index}` });
    whole.push(
      content.encoding === 'delta' && opened.value.kind === 'text'
        ? {
            encoding: 'text',
            text: opened.value.text,
            ...(opened.value.map === undefined ? {} : { map: opened.value.map }),
          }
        : content,
    );
  }
  return ok(whole);
};

const wholeBytes = (patches: readonly PatchHead[], contents: readonly PatchContent[]): number =>
  patches.reduce((sum, { bytes }) => sum + bytes, 0) +
  contents.reduce((sum, content) => sum + ('map' in content ? Buffer.byteLength(content.map ?? '') : 0), 0);

/** A patch that someone else overtook, or whose version does not rise. */
export const conflictOf = ({ index, patch, current }: Misfit): Problem =>
  problemOf('conflict', {
    path: `/pushData/statement/patches/${index}`,
    resource: patch.resource,
    current: { version: current.version, digest: current.digest },
    detail:
      current.digest === patch.predecessor
        ? 'The version must be higher than the one in place.'
        : 'The patch follows another content than the one in place. Read the current one and push upon it.',
  });

const untimelyBy = (statement: Statement, at: EpochMs): Problem | undefined => {
  if (Math.abs(statement.issuedAt - at) > limits.clockSkewMs) {
    const seconds = limits.clockSkewMs / 1000;
    return problemOf('bad-signature', {
      path: '/pushData/statement/issuedAt',
      detail: `Issued more than ${seconds} s away from this relay’s clock. Correct by the offset measured at connect.`,
    });
  }
  if (statement.deliverBy <= at) {
    return problemOf('expired', { path: '/pushData/statement/deliverBy' });
  }
  if (statement.kind !== 'patch') return undefined;
  const index = statement.patches.findIndex(
    ({ version }) => version > statement.issuedAt + limits.clockSkewMs,
  );
  if (index === -1) return undefined;
  return problemOf('invalid-envelope', {
    path: `/pushData/statement/patches/${index}/version`,
    resource: statement.patches[index]?.resource,
    detail: 'A version does not run ahead of the time of issue.',
  });
};
