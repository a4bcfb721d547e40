import { epochMs } from '@cd-push/protocol';
import { sql, type AliasedRawBuilder } from 'kysely';

import type { Place, ResourceChange, StoredVersion } from '../ports/push.ts';
import { ask, askEach, type Work } from '../statements/work.ts';
import { readJson } from './json-columns.ts';
import type { StepRow } from './patches.ts';
import type { JournalStatements } from './tables.ts';

/** Reads which versions resources had, those included of which no more than the signed statement is left. */
export interface VersionWork {
  below(place: Place, resource: string, below: number, limit: number): Work<StoredVersion[]>;
  these(place: Place, versions: readonly VersionKey[]): Work<StoredVersion[]>;
  ordinals(place: Place, versions: readonly VersionKey[]): Work<number[]>;
  changesSince(place: Place, prefix: string, since: number, page: Page): Work<ResourceChange[]>;
}

interface VersionKey {
  readonly resource: string;
  readonly version: number;
}

interface Page {
  readonly after?: string | undefined;
  readonly limit: number;
}

const placeShape = { tenant: 'text', environment: 'text' } as const;
const keyShape = { ...placeShape, resource: 'text', version: 'integer' } as const;
const stepColumns = [
  'tenant',
  'environment',
  'resource',
  'version',
  'digest',
  'map_digest',
  'predecessor',
  'position',
] as const;
const pushColumns = [
  'position',
  'guid',
  'sender',
  'sender_session',
  'accepted_at',
  'digest',
  'patches',
] as const;

/** Versions whose contents are kept, and those whose contents were let go of; no version is among both. */
const stepTables = ['steps', 'past_steps'] as const;
type StepTable = (typeof stepTables)[number];

/** Either table under the name `step`: they have the same columns. */
const stepsIn = (table: StepTable): AliasedRawBuilder<StepRow, 'step'> =>
  sql<StepRow>`${sql.table(table)}`.as('step');

export const versionWork = (statements: JournalStatements): VersionWork => {
  const { tables } = statements;
  const selectBelow = stepTables.map((table) =>
    statements.one(
      `versions-${table}`,
      { ...placeShape, resource: 'text', below: 'integer', limit: 'integer' },
      (input) =>
        tables
          .selectFrom(stepsIn(table))
          .select(stepColumns)
          .where('tenant', '=', input.tenant)
          .where('environment', '=', input.environment)
          .where('resource', '=', input.resource)
          .where('version', '<', input.below)
          .orderBy('version', 'desc')
          .limit(input.limit),
    ),
  );
  const selectThese = stepTables.map((table) =>
    statements.each(`versions-these-${table}`, keyShape, (input) =>
      tables
        .selectFrom(input)
        .innerJoin(stepsIn(table), (join) =>
          join
            .onRef('step.tenant', '=', 'input.tenant')
            .onRef('step.environment', '=', 'input.environment')
            .onRef('step.resource', '=', 'input.resource')
            .onRef('step.version', '=', 'input.version'),
        )
        .select(stepColumns.map((column) => `step.${column}` as const)),
    ),
  );
  const selectPushes = statements.each('versions-pushes', { position: 'integer' }, (input) =>
    tables
      .selectFrom(input)
      .innerJoin('pushes', 'pushes.position', 'input.position')
      .select(pushColumns.map((column) => `pushes.${column}` as const))
      .select('pushes.recipients'),
  );
  const selectPastPushes = statements.each('versions-past-pushes', { position: 'integer' }, (input) =>
    tables
      .selectFrom(input)
      .innerJoin('past_pushes', 'past_pushes.position', 'input.position')
      .select(pushColumns.map((column) => `past_pushes.${column}` as const)),
  );
  const count = statements.each('versions-count', keyShape, (input) =>
    tables.selectFrom(input).select((row) => {
      const upTo = (table: StepTable) =>
        row
          .selectFrom(stepsIn(table))
          .select(sql<number>`count(*)`.as('count'))
          .whereRef('step.tenant', '=', 'input.tenant')
          .whereRef('step.environment', '=', 'input.environment')
          .whereRef('step.resource', '=', 'input.resource')
          .whereRef('step.version', '<=', 'input.version');
      return ['input.resource', 'input.version', upTo('steps').as('kept'), upTo('past_steps').as('past')];
    }),
  );
  // Names under a folder are those that go on with a slash; "0" is the character behind it.
  const selectChanged = statements.one(
    'versions-changed',
    {
      ...placeShape,
      path: 'text',
      under: 'text',
      beyond: 'text',
      after: 'text',
      since: 'integer',
      limit: 'integer',
    },
    (input) =>
      tables
        .selectFrom('heads')
        .select(['resource', 'version'])
        .where('tenant', '=', input.tenant)
        .where('environment', '=', input.environment)
        .where('resource', '>=', input.path)
        .where('resource', '<', input.beyond)
        .where('resource', '>', input.after)
        .where('position', '>', input.since)
        .where((head) => head.or([head('resource', '=', input.path), head('resource', '>=', input.under)]))
        .orderBy('resource')
        .limit(input.limit),
  );
  const selectBefore = statements.each(
    'versions-before',
    { ...placeShape, resource: 'text', since: 'integer' },
    (input) =>
      tables.selectFrom(input).select((row) => {
        const step = (table: StepTable) =>
          row
            .selectFrom(stepsIn(table))
            .select('step.version')
            .whereRef('step.tenant', '=', 'input.tenant')
            .whereRef('step.environment', '=', 'input.environment')
            .whereRef('step.resource', '=', 'input.resource')
            .limit(sql.lit(1));
        const last = (table: StepTable) =>
          step(table).whereRef('step.position', '<=', 'input.since').orderBy('step.version', 'desc');
        return [
          'input.resource',
          last('steps').as('kept'),
          last('past_steps').as('past'),
          step('steps').orderBy('step.version').as('first_kept'),
          step('past_steps').orderBy('step.version').as('first_past'),
        ];
      }),
  );

  function* withPushes(steps: readonly StepRow[]): Work<StoredVersion[]> {
    const positions = [...new Set(steps.map(({ position }) => position))].map((position) => ({ position }));
    const kept = yield* askEach(selectPushes, positions);
    const past = yield* askEach(selectPastPushes, positions);
    const pushes = new Map(
      [...past.map((push) => ({ ...push, recipients: null })), ...kept].map((push) => [push.position, push]),
    );
    return steps.flatMap((step) => {
      const push = pushes.get(step.position);
      return push === undefined || push.patches === null
        ? []
        : versionOf(step, { ...push, patches: push.patches });
    });
  }

  function* these({ tenant, environment }: Place, versions: readonly VersionKey[]): Work<StoredVersion[]> {
    const steps: StepRow[] = [];
    for (const select of selectThese) {
      steps.push(
        ...(yield* askEach(
          select,
          versions.map(({ resource, version }) => ({ tenant, environment, resource, version })),
        )),
      );
    }
    return yield* withPushes(steps);
  }

  return {
    these,
    *below({ tenant, environment }, resource, below, limit) {
      const steps: StepRow[] = [];
      for (const select of selectBelow)
        steps.push(...(yield* ask(select, { tenant, environment, resource, below, limit })));
      return yield* withPushes(steps.toSorted((a, b) => b.version - a.version).slice(0, limit));
    },
    *ordinals({ tenant, environment }, versions) {
      const rows = yield* askEach(
        count,
        versions.map(({ resource, version }) => ({ tenant, environment, resource, version })),
      );
      const counted = new Map(rows.map((row) => [keyOf(row), Number(row.kept) + Number(row.past)]));
      return versions.map((version) => counted.get(keyOf(version)) ?? 0);
    },
    *changesSince(place, prefix, since, { after = '', limit }) {
      const { tenant, environment } = place;
      const path = prefix.replace(/\/$/, '');
      const changed = yield* ask(selectChanged, {
        tenant,
        environment,
        path,
        under: `${path}/`,
        beyond: `${path}0`,
        after,
        since,
        limit,
      });
      const then = yield* askEach(
        selectBefore,
        changed.map(({ resource }) => ({ tenant, environment, resource, since })),
      );
      const keys = then.flatMap(({ resource, ...found }) => {
        const last = Math.max(found.kept ?? 0, found.past ?? 0);
        // Where none was in place then, the first that there was says whether it followed something.
        const version =
          last > 0 ? last : Math.min(found.first_kept ?? Infinity, found.first_past ?? Infinity);
        return Number.isFinite(version) ? [{ resource, version, isFirst: last === 0 }] : [];
      });
      const found = new Map(
        (yield* these(place, [...changed, ...keys])).map((version) => [keyOf(version), version]),
      );
      const befores = new Map(keys.map((key) => [key.resource, key]));
      return changed.flatMap(({ resource, version }): ResourceChange[] => {
        const now = found.get(keyOf({ resource, version }));
        const key = befores.get(resource);
        if (now === undefined || key === undefined) return [];
        const other = found.get(keyOf(key));
        return key.isFirst
          ? [{ now, before: undefined, isForgotten: followsSomething(other) }]
          : [{ now, before: other, isForgotten: other === undefined }];
      });
    },
  };
};

/** Whether a version follows an earlier one of its file: that of a rename follows what the other name had. */
const followsSomething = (version: StoredVersion | undefined): boolean =>
  version !== undefined &&
  version.predecessor !== null &&
  (version.patch.change !== 'rename' || version.patch.resource !== version.resource);

interface PushColumns {
  readonly position: number;
  readonly guid: string;
  readonly sender: string;
  readonly sender_session: string;
  readonly accepted_at: number;
  readonly digest: string;
  readonly patches: string;
  readonly recipients: number | null;
}

const versionOf = (step: StepRow, push: PushColumns): StoredVersion[] => {
  const { resource, version, digest, predecessor, position, map_digest: mapDigest } = step;
  const patches = readJson('patches', push.patches);
  const patch =
    patches.find((one) => one.resource === resource) ?? patches.find(({ from }) => from === resource);
  if (patch === undefined) return [];
  return [
    {
      resource,
      version,
      digest,
      mapDigest,
      predecessor,
      offset: position,
      pushGuid: push.guid,
      sender: { subject: push.sender, session: push.sender_session },
      acceptedAt: epochMs(push.accepted_at),
      statement: push.digest,
      patch,
      recipients: push.recipients,
    },
  ];
};

const keyOf = ({ resource, version }: VersionKey): string => `${version} ${resource}`;
