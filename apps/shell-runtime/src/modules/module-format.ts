/**
 * The format in which a module travels and in which the served base holds it: an ES module without static imports,
 * whose default export is the body as a factory. Linking, cycles, `import.meta` and `hot` are the registry's work.
 */

/** What a module's exports are read from; live getters, as in a native namespace. */
export type Namespace = Record<string, unknown>;

/** Second argument of an import: the names that are bound; absent for `import * as` and for side effects. */
export interface ImportedNames {
  readonly importedNames?: readonly string[];
}

/** The body of a module. It defines its exports as getters before its first await, so hoisted functions serve cycles. */
export type ModuleFactory = (
  namespace: Namespace,
  meta: object,
  staticImport: (specifier: string, names?: ImportedNames) => Namespace | Promise<Namespace>,
  dynamicImport: (specifier: string) => Promise<Namespace>,
  exportAll: (source: Namespace) => void,
) => void | Promise<void>;

/** A module's text, known but not yet evaluated. */
export interface LoadedModule {
  /** Specifiers as written, to canonical resources (`/module/path`) or to bare specifiers. */
  readonly imports: Readonly<Record<string, string>>;
  /** Those of `imports` that only `import()` names; they are not loaded ahead. */
  readonly dynamicImports: readonly string[];
  readonly factory: ModuleFactory;
  /** UTF-16 units of source that the platform will keep until the page or process ends; 0 for what the base served. */
  readonly retainedBytes: number;
}

/** Where a resource's content is to be had. Either `content`, or `url` where the served base has this very digest. */
export interface ModuleSource {
  readonly resource: string;
  readonly digest: string;
  readonly content?: string | undefined;
  readonly url?: string | undefined;
  /** Source map of `content` as JSON text. */
  readonly map?: string | undefined;
}

/** Whether a resource is evaluated as code; other resources that a module imports get a factory from a port. */
export const isCode = (resource: string): boolean => /\.(?:[jt]sx?|mjs)$/u.test(resource);

/** The digest that a stack frame names: modules are served, pushed and stored as `<digest>.js` or `<digest>.mjs`. */
export const digestInFrame = /sha256-[\w-]{43}/u;
