import type { LoadedModule, ModuleSource } from './module-format.ts';

/** What modules get that import something else than code. */
export interface ForeignPort {
  /** Content of a source as text, fetched where only its URL is known. */
  text(source: ModuleSource): Promise<string>;
  /** Address at which the resource's bytes are to be had. */
  urlOf(source: ModuleSource): string;
  /** Puts a style sheet in place, or replaces the one of the same resource. */
  applyStyle(resource: string, text: string): void;
  removeStyle(resource: string): void;
}

/**
 * JSON gives its value as default export and its members by name; a style sheet is applied, accepts itself and gives its
 * text; everything else gives its URL.
 */
export const foreignModule = async (source: ModuleSource, port: ForeignPort): Promise<LoadedModule> => {
  const { resource } = source;
  if (resource.endsWith('.json')) {
    const value: unknown = JSON.parse(await port.text(source));
    return loaded((namespace) => {
      if (typeof value === 'object' && value !== null && !Array.isArray(value))
        Object.assign(namespace, value);
      namespace.default = value;
    });
  }
  if (resource.endsWith('.css')) {
    const text = await port.text(source);
    return loaded((namespace, meta) => {
      port.applyStyle(resource, text);
      namespace.default = text;
      hotOf(meta)?.accept();
      hotOf(meta)?.prune(() => port.removeStyle(resource));
    });
  }
  const url = port.urlOf(source);
  return loaded((namespace) => {
    namespace.default = url;
  });
};

const loaded = (factory: LoadedModule['factory']): LoadedModule => ({
  imports: {},
  dynamicImports: [],
  factory,
  retainedBytes: 0,
});

interface WithHot {
  readonly hot?: { accept(): void; prune(callback: () => void): void };
}
const hotOf = (meta: WithHot): WithHot['hot'] => meta.hot;
