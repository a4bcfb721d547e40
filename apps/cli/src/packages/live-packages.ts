import type { BaseEntry } from '../transform/base-entry.ts';
import { bundlePackages, importedPackages, type PagePackages } from './page-packages.ts';

interface LivePackagesOptions {
  readonly root: string;
  /** Resource that the page starts with. */
  readonly entry: string;
  /** Hears why packages cannot be brought to browsers. */
  readonly tell: (message: string) => void;
}

/** The packages of a page whose project is being worked on: made when they are asked for, anew when they are others. */
export class LivePackages {
  readonly #options: LivePackagesOptions;
  /** Of earlier makings too: a page may still ask for them. */
  readonly #files = new Map<string, string>();
  #made: { readonly key: string; readonly packages: Promise<PagePackages> } | undefined;

  constructor(options: LivePackagesOptions) {
    this.#options = options;
  }

  /** Addresses by bare name, for the code as it is now. */
  async urls(entries: readonly BaseEntry[]): Promise<PagePackages['urls']> {
    const { root, entry } = this.#options;
    const packages = importedPackages(root, entries, entry);
    const key = packages.map(({ name, version }) => `${name}@${version}`).join(' ');
    if (this.#made?.key !== key) {
      const made = bundlePackages(root, packages).catch((error: unknown): PagePackages => {
        this.#options.tell(
          `The page cannot have its packages: ${error instanceof Error ? error.message : String(error)}`,
        );
        return { urls: {}, files: new Map() };
      });
      this.#made = { key, packages: made };
    }
    const { urls, files } = await this.#made.packages;
    for (const [path, text] of files) this.#files.set(path, text);
    return urls;
  }

  /** A file that `urls` named, or one that it imports. */
  file(path: string): string | undefined {
    return this.#files.get(path);
  }
}
