import type { EpochMs } from '@cd-push/protocol';

import { ask, askEach, tell, type Work } from '../statements/work.ts';
import type { JournalRow } from './journal-row.ts';
import { readJson } from './json-columns.ts';
import { namesOf, pathsOf, stepsOf } from './patches.ts';
import type { PastWork } from './past.ts';
import type { ContentPruning } from './prune-contents.ts';
import { restorableWork, type Restorable } from './prune-restorable.ts';
import type { JournalStatements } from './tables.ts';

/**
 * Lets go of a part of the pushes from before a time that are neither open nor in place, nor may be wanted back, with all
 * that is told of them; of those of files the signed statements stay. Looks at those behind a place of the journal.
 *
 * @returns where to go on, and whether younger ones alone follow.
 */
export type PushPruning = (
  after: number,
  what: Restorable,
  at: EpochMs,
) => Work<{ readonly after: number; readonly isDone: boolean }>;

/** Pushes that are looked at at a time, and tracks that are let go of with them. */
const part = 500;
const trackPart = 5_000;

export const pushPruning = (
  statements: JournalStatements,
  row: JournalRow,
  { orphan }: Pick<ContentPruning, 'orphan'>,
  past: Pick<PastWork, 'keep'>,
): PushPruning => {
  const { tables } = statements;
  const restorable = restorableWork(statements);
  const selectPushes = statements.one(
    'prune-select-pushes',
    { after: 'integer', limit: 'integer' },
    (input) =>
      tables
        .selectFrom('pushes')
        .select(['position', 'tenant', 'environment', 'accepted_at', 'recipients', 'open', 'patches'])
        .where('position', '>', input.after)
        .orderBy('position')
        .limit(input.limit),
  );
  const selectHeads = statements.each(
    'prune-select-heads',
    { tenant: 'text', environment: 'text', resource: 'text', position: 'integer' },
    (input) =>
      tables
        .selectFrom(input)
        .innerJoin('heads', (join) =>
          join
            .onRef('heads.tenant', '=', 'input.tenant')
            .onRef('heads.environment', '=', 'input.environment')
            .onRef('heads.resource', '=', 'input.resource')
            .onRef('heads.position', '=', 'input.position'),
        )
        .select('heads.position'),
  );
  const selectLastMoves = statements.each('prune-last-moves', { position: 'integer' }, (input) =>
    tables
      .selectFrom(input)
      .innerJoin('tracks', 'tracks.push', 'input.position')
      .select(({ fn }) => fn.max('tracks.moved').as('moved')),
  );
  const deletePushes = statements.each('prune-pushes', { position: 'integer' }, (input) =>
    tables.deleteFrom('pushes').where('position', 'in', tables.selectFrom(input).select('position')),
  );
  const deleteTracks = statements.each('prune-tracks', { position: 'integer' }, (input) =>
    tables.deleteFrom('tracks').where('push', 'in', tables.selectFrom(input).select('position')),
  );
  const deletePaths = statements.each(
    'prune-paths',
    { tenant: 'text', path: 'text', position: 'integer' },
    (input) =>
      tables
        .deleteFrom('push_paths')
        .where((path) =>
          path(
            path.refTuple('tenant', 'path', 'position'),
            'in',
            path
              .selectFrom(input)
              .select(['input.tenant', 'input.path', 'input.position'])
              .$asTuple('tenant', 'path', 'position'),
          ),
        ),
  );
  const deleteSteps = statements.each(
    'prune-steps',
    { tenant: 'text', environment: 'text', resource: 'text', version: 'integer' },
    (input) =>
      tables
        .deleteFrom('steps')
        .where((step) =>
          step(
            step.refTuple('tenant', 'environment', 'resource', 'version'),
            'in',
            step
              .selectFrom(input)
              .select(['input.tenant', 'input.environment', 'input.resource', 'input.version'])
              .$asTuple('tenant', 'environment', 'resource', 'version'),
          ),
        ),
  );

  return function* (after, what, at) {
    const { before } = what;
    yield* row.lock();
    const looked = yield* ask(selectPushes, { after, limit: part });
    const old = looked
      .filter(({ accepted_at, open }) => accepted_at < before && open === 0)
      .map((push) => ({
        ...push,
        patches: push.patches === null ? [] : readJson('patches', push.patches),
      }));
    const inPlace = new Set(
      (yield* askEach(
        selectHeads,
        old.flatMap(({ tenant, environment, position, patches }) =>
          namesOf(patches).map((resource) => ({ tenant, environment, resource, position })),
        ),
      )).map(({ position }) => position),
    );
    const replaced = old.filter(({ position }) => !inPlace.has(position));
    const wanted = yield* restorable(
      replaced.flatMap((push) => stepsOf(push, push.patches, push.position)),
      what,
    );
    const free = replaced.filter(({ position }) => !wanted.has(position));
    const gone = upTo(trackPart, free);
    const positions = gone.map(({ position }) => ({ position }));
    const moves = yield* askEach(selectLastMoves, positions);
    yield* row.prune(
      Math.max(0, ...positions.map(({ position }) => position), ...moves.map(({ moved }) => moved ?? 0)),
    );
    const steps = gone.flatMap((push) => stepsOf(push, push.patches, push.position));
    yield* past.keep(
      gone.flatMap(({ position, patches }) => (patches.length === 0 ? [] : [{ position }])),
      steps,
    );
    yield* tell(deleteTracks, positions);
    yield* tell(
      deletePaths,
      gone.flatMap(({ tenant, position, patches }) =>
        [...pathsOf(patches)].map((path) => ({ tenant, path, position })),
      ),
    );
    yield* tell(deleteSteps, steps);
    yield* tell(deletePushes, positions);
    yield* orphan(
      steps.flatMap(({ tenant, digest, map_digest }) =>
        [digest, map_digest].flatMap((name) => (name === null ? [] : [{ tenant, digest: name }])),
      ),
      at,
    );
    const isWhole = gone.length === free.length;
    const last = isWhole ? looked.at(-1) : gone.at(-1);
    return {
      after: last?.position ?? after,
      isDone: isWhole && looked.every(({ accepted_at }) => accepted_at >= before),
    };
  };
};

/** The first of some pushes that have no more recipients than that together, but one at least. */
const upTo = <Push extends { readonly recipients: number }>(
  recipients: number,
  pushes: readonly Push[],
): readonly Push[] => {
  let left = recipients;
  const end = pushes.findIndex((push, index) => {
    left -= push.recipients;
    return left < 0 && index > 0;
  });
  return end === -1 ? pushes : pushes.slice(0, end);
};
