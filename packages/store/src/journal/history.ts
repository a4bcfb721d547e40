import type { HistoryStep, Place, ResourceHead } from '../ports/push.ts';
import { ask, type Work } from '../statements/work.ts';
import { askBehind, type Ahead } from './ahead.ts';
import type { JournalStatements, JournalTables } from './tables.ts';

/** Reads what is in place, and how it came there. */
export interface HistoryWork {
  /** Those that are ahead of the tables included. */
  heads(place: Place, resources: readonly string[], ahead: Pick<Ahead, 'head'>): Work<ResourceHead[]>;
  headsOf(place: Place, module: string): Work<ResourceHead[]>;
  steps(place: Place, resource: string, above: number, below: number, limit: number): Work<HistoryStep[]>;
}

const placeShape = { tenant: 'text', environment: 'text' } as const;
const headColumns = [
  'heads.resource',
  'heads.version',
  'heads.digest',
  'heads.position',
  'heads.frame',
  'heads.timeline',
  'heads.height',
  'heads.is_elsewhere',
] as const;

export const historyWork = (statements: JournalStatements): HistoryWork => {
  const { tables } = statements;
  const selectHeads = statements.each('heads-select', { ...placeShape, resource: 'text' }, (input) =>
    tables
      .selectFrom(input)
      .innerJoin('heads', (join) =>
        join
          .onRef('heads.tenant', '=', 'input.tenant')
          .onRef('heads.environment', '=', 'input.environment')
          .onRef('heads.resource', '=', 'input.resource'),
      )
      .select(headColumns),
  );
  const selectModule = statements.one('heads-of-module', { ...placeShape, module: 'text' }, (input) =>
    tables
      .selectFrom('heads')
      .select(headColumns)
      .where('tenant', '=', input.tenant)
      .where('environment', '=', input.environment)
      .where('module', '=', input.module)
      .orderBy('position'),
  );
  const stepShape = {
    ...placeShape,
    resource: 'text',
    above: 'integer',
    below: 'integer',
    limit: 'integer',
  } as const;
  const selectSteps = statements.one('steps-select', stepShape, (input) =>
    tables
      .selectFrom('steps')
      .innerJoin('pushes', 'pushes.position', 'steps.position')
      .innerJoin('texts as certificate', 'certificate.digest', 'pushes.certificate')
      .select((row) => [
        'steps.version',
        'steps.digest',
        'steps.predecessor',
        'steps.position',
        row.ref('pushes.session').$notNull().as('session'),
        row.ref('pushes.statement').$notNull().as('statement'),
        'certificate.text as certificate',
      ])
      .where('steps.tenant', '=', input.tenant)
      .where('steps.environment', '=', input.environment)
      .where('steps.resource', '=', input.resource)
      .where('steps.version', '>', input.above)
      .where('steps.version', '<', input.below)
      .orderBy('steps.version', 'desc')
      .limit(input.limit),
  );
  const selectPastSteps = statements.one('steps-select-past', stepShape, (input) =>
    tables
      .selectFrom('past_steps as steps')
      .innerJoin('past_pushes as pushes', 'pushes.position', 'steps.position')
      .innerJoin('texts as certificate', 'certificate.digest', 'pushes.certificate')
      .select([
        'steps.version',
        'steps.digest',
        'steps.predecessor',
        'steps.position',
        'pushes.session',
        'pushes.statement',
        'certificate.text as certificate',
      ])
      .where('steps.tenant', '=', input.tenant)
      .where('steps.environment', '=', input.environment)
      .where('steps.resource', '=', input.resource)
      .where('steps.version', '>', input.above)
      .where('steps.version', '<', input.below)
      .orderBy('steps.version', 'desc')
      .limit(input.limit),
  );

  return {
    *heads({ tenant, environment }, resources, ahead) {
      const keys = [...new Set(resources)].map((resource) => ({ tenant, environment, resource }));
      return (yield* askBehind(selectHeads, keys, (key) => ahead.head(key))).map(headOf);
    },
    *headsOf({ tenant, environment }, module) {
      return (yield* ask(selectModule, { tenant, environment, module })).map(headOf);
    },
    *steps({ tenant, environment }, resource, above, below, limit) {
      const query = { tenant, environment, resource, above, below, limit };
      const kept = yield* ask(selectSteps, query);
      const past = yield* ask(selectPastSteps, query);
      return [...kept, ...past]
        .toSorted((a, b) => b.version - a.version)
        .slice(0, limit)
        .toReversed()
        .map(({ position, ...step }) => ({ ...step, offset: position }));
    },
  };
};

const headOf = ({
  resource,
  version,
  digest,
  position,
  frame,
  timeline,
  height,
  is_elsewhere: elsewhere,
}: Omit<JournalTables['heads'], 'tenant' | 'environment' | 'module'>): ResourceHead => ({
  resource,
  version,
  digest,
  offset: position,
  frame: frame === null || timeline === null || height === null ? null : { address: frame, timeline, height },
  isElsewhere: elsewhere === 1,
});
