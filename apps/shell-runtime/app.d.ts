// Types for the modules of a program that runs in a runtime. In its tsconfig.json:
//   "types": ["@cd-push/shell-runtime/app"]

/* oxlint-disable typescript/consistent-type-imports -- with an import at its top this file would declare nothing for others */

declare module 'cd-push:runtime' {
  /**
   * The runtime that the module runs in. TypeScript cannot tell a page's code from Node's, so both runtimes' members are
   * here: pages have `template` and `asset`, Node has `text` and `file`.
   */
  export const runtime: import('./dist/index.types.js').Runtime &
    import('./dist/index.types.js').NodeAppRuntime;
}

interface ImportMeta {
  /** How this module is replaced while it runs; absent where it was not loaded by a runtime. */
  readonly hot?: import('./dist/index.types.js').HotContext;
}
