/** What the entry is typed as, wherever it is imported; see `index.types.ts`. */
export * from './node/session.ts';
export * from './session.ts';
