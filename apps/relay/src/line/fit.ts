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
import type { Misfit, Place } from '@cd-push/store';
import { openContent, type HeldContent, type VerifiedContent } from '@cd-push/timeline';

import type { JournalReads } from '../journal/journal.ts';
import type { AuthorizedPush } from './authorize.ts';
import { restoredFault } from './restored.ts';
import { mapBytes, storedFault } from './stored-contents.ts';

/**
 * Step 4, what depends on time and on what is stored: the statement is fresh, and the contents are what it signs. Whether
 * its versions follow the heads is decided where they are written down.
 *
 * @param takenInAt when the statement came here, which a proposal did before now.
 * @returns the contents, whole: a delta has been applied. Undefined stands for one that is stored already.
 */
export const fit = async (
  { envelope, statement, session }: AuthorizedPush,
  store: JournalReads,
  at: EpochMs,
  takenInAt = at,
): Promise<Result<readonly (VerifiedContent | undefined)[], Problem>> => {
  const untimely = untimelyBy(statement, at, takenInAt);
  if (untimely !== undefined) return refuse(untimely);
  if (statement.kind !== 'patch') return ok([]);
  const place: Place = { tenant: session.tenant, environment: statement.environment };
  const contents = envelope.pushData.contents ?? [];
  // What a delta makes is sent whole to whoever it does not fit.
  if (wholeBytes(statement.patches, contents) > limits.envelopeBytes) {
    return refuse(
      problemOf('too-large', {
        path: '/pushData/statement/patches',
        detail: `What travels with one push has at most ${limits.envelopeBytes} bytes, also where it travels as deltas. Push fewer files at a time, or store large ones first.`,
      }),
    );
  }
  const unrestored = await restoredFault(statement.patches, place, store);
  if (unrestored !== undefined) return refuse(unrestored);
  const unstored = await storedFault(statement.patches, contents, session, store);
  if (unstored !== undefined) return refuse(unstored);

  const whole: (VerifiedContent | undefined)[] = [];
  for (const [index, patch] of statement.patches.entries()) {
    const content = contents[index] ?? { encoding: 'none' };
    if (content.encoding === 'stored') {
      whole.push(undefined);
      continue;
    }
    let held: HeldContent | undefined;
    if (content.encoding === 'delta') {
      const base = await baseOf(content, patch, index, place, store);
      if (!base.ok) return base;
      held = base.value;
    }
    const opened = await openContent(patch, content, held);
    if (!opened.ok) return refuse({ ...opened.problem, path: `/pushData/contents/${index}` });
    whole.push(opened.value);
  }
  return ok(whole);
};

/**
 * What a delta is taken upon: the content in place, with its source map, which must be what the patch follows and the delta
 * names. Undefined where it is not here.
 */
const baseOf = async (
  delta: Extract<PatchContent, { encoding: 'delta' }>,
  patch: PatchHead,
  index: number,
  place: Place,
  store: JournalReads,
): Promise<Result<HeldContent | undefined, Problem>> => {
  const followed = patch.from ?? patch.resource;
  const [current] = await store.heads(place, [followed]);
  if (current === undefined) return ok(undefined);
  if (current.digest !== patch.predecessor) return refuse(conflictOf({ index, patch, current }));
  if (current.digest === null || current.digest !== delta.base) return ok(undefined);
  const content = await store.content(place.tenant, current.digest);
  if (content === undefined) return ok(undefined);
  if (delta.map === undefined) return ok({ content, map: undefined });
  const [version] = await store.versionsAt(place, [{ resource: followed, version: current.version }]);
  const map =
    version?.mapDigest === delta.map.base ? await store.content(place.tenant, delta.map.base) : undefined;
  return ok({ content, map });
};

const wholeBytes = (patches: readonly PatchHead[], contents: readonly PatchContent[]): number =>
  patches.reduce((sum, { bytes }, index) => sum + (contents[index]?.encoding === 'stored' ? 0 : bytes), 0) +
  mapBytes(contents);

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

const untimelyBy = (statement: Statement, at: EpochMs, takenInAt: EpochMs): Problem | undefined => {
  if (Math.abs(statement.issuedAt - takenInAt) > limits.clockSkewMs) {
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
