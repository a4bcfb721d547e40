/**
 * What the package's root is typed as, wherever it is imported: TypeScript cannot tell a page's code from Node's. Each
 * function says where it is to be had; elsewhere importing it fails.
 */
export * from './index.ts';
export * from './node/index.ts';
