import { CliError } from '../cli-error.ts';
import { versionName } from '../versions/version-name.ts';
import type { Plan } from './plan.ts';

const namedAtMost = 5;

/**
 * Goes on where all of a plan can be carried out: a rollback is done as a whole or not at all.
 *
 * @throws CliError `not-found`, what is not there any more, and how to see what is.
 */
export const refuseWhatCannot = ({ gone, forgotten }: Pick<Plan, 'gone' | 'forgotten'>): void => {
  const faults = [
    ...gone.map(
      ({ resource, before }) =>
        `The content of ${before === null ? 'it' : versionName(before)} of ${resource} was let go of.`,
    ),
    ...forgotten.map(({ resource }) => `What ${resource} was then is not known any more.`),
  ];
  const [first] = [...gone, ...forgotten];
  if (first === undefined) return;
  const more = faults.length - namedAtMost;
  const listed = [...faults.slice(0, namedAtMost), ...(more > 0 ? [`And ${more} more.`] : [])];
  throw new CliError(`not-found: ${listed.join('\n')}`, {
    next: `See which versions can be brought back: cd-cli history ${first.resource}`,
  });
};
