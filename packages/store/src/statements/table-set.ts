import type { Migration } from 'kysely/migration';

import { StoreError } from '../ports/store.ts';

/** Tables that belong together, and the steps that make them. */
export interface TableSet {
  readonly migrations: Readonly<Record<string, Migration>>;
  /** Table that says which steps were taken; beside it stands one that locks them. */
  readonly migrationTable: string;
}

/**
 * @param place where the tables lie, for the message.
 * @param taken names of the steps that were taken there.
 * @throws {StoreError} `newer-schema` where a step was taken that this program does not know.
 */
export const refuseNewerSteps = (
  place: string,
  { migrations }: TableSet,
  taken: readonly unknown[],
): void => {
  for (const name of taken) {
    if (typeof name === 'string' && Object.hasOwn(migrations, name)) continue;
    throw new StoreError(
      'newer-schema',
      `${place} was written by a newer version (it knows "${String(name)}"); start that version, or restore a copy from before.`,
    );
  }
};
