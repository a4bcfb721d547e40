import { costsOf } from '../capacity/costs.ts';
import { asked, stepsOf, type Step } from '../capacity/model.ts';
import { aligned } from '../report/table.ts';
import type { Suite } from './suite.ts';

/** What a million runtimes take, reckoned from the costs that were measured in the same run. */
export const capacity: Suite = async (options) => {
  const costs = await costsOf(options);
  const steps = stepsOf(costs);
  return { figures: [], details: { asked, costs, steps }, text: tableOf(steps) };
};

const tableOf = (steps: readonly Step[]): string =>
  aligned(
    [
      ['what', 'median', 'min', 'max', '', 'arithmetic'],
      ...steps.map(({ what, unit, arithmetic, ...range }) => [
        what,
        ...[range.value, range.min, range.max].map(numberOf),
        unit,
        arithmetic,
      ]),
    ],
    (column) => column > 0 && column < 4,
  );

const numberOf = (value: number): string => value.toLocaleString('en', { maximumSignificantDigits: 4 });
