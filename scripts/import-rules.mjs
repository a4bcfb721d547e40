// Who may import whom: the table of docs/architecture.md as data. A room is named by its folder;
// well-kept libraries are welcome everywhere unless `libraries` lists the only ones.
//
//   rooms      other rooms of ours that its sources may import ('types' = with `import type` alone)
//   tests      further rooms that its tests alone may import
//   libraries  if given, the only packages from outside that its sources may import
//   neutral    its sources run in browsers and in Node alike: none of Node's own modules
//   nodeOnly   ... but in these files, which package.json's "node" condition chooses
//
// Tests may import what their room may, and `packages/testing` besides; nothing else may import that.

/** Any room but `packages/testing`. */
export const anyRoom = '*';

const importRules = {
  'packages/protocol': { rooms: {}, libraries: ['typebox'], neutral: true },
  'packages/timeline': {
    rooms: { 'packages/protocol': 'all' },
    neutral: true,
    nodeOnly: ['src/crypto/node.ts'],
  },
  'packages/syntax': { rooms: { 'packages/timeline': 'types' } },
  'packages/client': { rooms: { 'packages/protocol': 'all', 'packages/timeline': 'all' }, neutral: true },
  'packages/store': { rooms: { 'packages/protocol': 'all', 'packages/timeline': 'types' } },
  'packages/testing': { rooms: { [anyRoom]: 'all' } },

  'apps/api': {
    rooms: { 'packages/protocol': 'all', 'packages/store': 'all', 'packages/timeline': 'all' },
  },
  'apps/relay': {
    rooms: { 'packages/protocol': 'all', 'packages/store': 'all', 'packages/timeline': 'all' },
    // Both are run as two processes.
    tests: { 'apps/api': 'all' },
  },
  'apps/shell-runtime': {
    rooms: { 'packages/client': 'all', 'packages/protocol': 'all', 'packages/timeline': 'all' },
    // A Node runtime is enrolled and pushed to on the real ones.
    tests: { 'apps/api': 'all', 'apps/relay': 'all' },
  },
  'apps/console': {
    rooms: { 'packages/client': 'all', 'packages/protocol': 'all', 'packages/timeline': 'all' },
  },
  'apps/worker': {
    rooms: { 'packages/client': 'all', 'packages/protocol': 'all', 'packages/store': 'all' },
  },
  'apps/cli': {
    rooms: {
      'packages/client': 'all',
      'packages/protocol': 'all',
      'packages/syntax': 'all',
      'packages/timeline': 'all',
      // For `up` alone: the start functions that these three export.
      'apps/api': 'all',
      'apps/relay': 'all',
      'apps/worker': 'all',
    },
  },

  'examples/*': { rooms: { [anyRoom]: 'all' } },
  bench: { rooms: { [anyRoom]: 'all' } },
  faults: { rooms: { [anyRoom]: 'all' } },
  merges: { rooms: { [anyRoom]: 'all' } },
  convergence: {
    rooms: { 'packages/protocol': 'all', 'packages/syntax': 'all', 'packages/timeline': 'all' },
  },
};

/** The private room of test helpers, imported by tests alone. */
export const testingRoom = 'packages/testing';

/** The rule of a room, or undefined if the table does not know it. */
export function ruleFor(room) {
  return importRules[room] ?? importRules[room.replace(/\/[^/]+$/, '/*')];
}
