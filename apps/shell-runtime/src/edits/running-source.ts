import { textOf } from '../components/content-text.ts';
import type { RunningState } from '../record/running-state.ts';
import { sourceInMap } from './source-in-map.ts';

/** Where texts are had that the record does not hold. */
export interface SourcePorts {
  /** The source map of a version, by digest. */
  readonly mapOf: (digest: string) => Promise<string | undefined>;
  /** What the base serves. */
  readonly served: (resource: string) => Promise<string | undefined>;
}

/** What a file was made of that runs here, as far as that is known. */
export const runningSource = async (
  resource: string,
  state: RunningState,
  { mapOf, served: servedText }: SourcePorts,
): Promise<string | undefined> => {
  const kept = state.kept(resource);
  const served = state.base.resources.get(resource);
  const type = kept?.componentType ?? served?.type;
  const digest = kept === undefined ? served?.digest : kept.digest;
  if (type === undefined || digest === undefined || digest === null) return undefined;
  switch (type) {
    case 'controller':
    case 'module': {
      const map = kept?.content.kind === 'text' ? kept.content.map : undefined;
      return sourceInMap(map ?? (await mapOf(digest)));
    }
    case 'template':
    case 'config':
      return kept === undefined ? servedText(resource) : textOf(kept.content);
    // What runs of a style sheet is put together of others, and an asset may be no text.
    case 'style':
    case 'asset':
      return undefined;
    default:
      return type satisfies never;
  }
};
