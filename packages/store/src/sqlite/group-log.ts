import type { TableSet } from '../statements/table-set.ts';

/** Groups that were taken and do not stand in the tables yet, in their order. */
export const groupLogShapes = {
  group_log: {
    id: 'integer',
    /** Whose chain of the audit its rows belong to. */
    node: 'text',
    /** See `logged-group.ts`. */
    body: 'text',
  },
} as const;

/** The tables of a journal with the log before them. */
export const withGroupLog = (set: TableSet): TableSet => ({
  ...set,
  migrations: {
    ...set.migrations,
    '0004-group-log': {
      up: async ({ schema }) =>
        schema
          .createTable('group_log')
          .addColumn('id', 'integer', (column) => column.primaryKey())
          .addColumn('node', 'text', (column) => column.notNull())
          .addColumn('body', 'text', (column) => column.notNull())
          .execute(),
    },
  },
});
