import type { HistoryView, RuntimeStory } from './history-view.ts';

/** Where pushes stand in the journal, which is the order in which they must take effect. */
export class Places {
  readonly #view: HistoryView;
  readonly #furthest = new Map<RuntimeStory, ReadonlyMap<string, number>>();
  readonly #shown = new Map<RuntimeStory, ReadonlySet<string>>();

  constructor(view: HistoryView) {
    this.#view = view;
  }

  /** Place of a push, below all others for the base; undefined where nobody was told of it. */
  of(push: string | null): number | undefined {
    return push === null ? -1 : this.#view.pushes.get(push)?.offset;
  }

  /** Whether one is known to come before the other. */
  isBefore(one: string | null, other: string | null): boolean {
    const [first, second] = [this.of(one), this.of(other)];
    return first !== undefined && second !== undefined && first < second;
  }

  /** Whether a push, or a later one of the same file, was ever in place at a runtime. */
  isCovered(runtime: RuntimeStory, resource: string, push: string): boolean {
    if (this.#shownAt(runtime).has(`${resource} ${push}`)) return true;
    const [furthest, place] = [this.#furthestAt(runtime).get(resource), this.of(push)];
    return furthest !== undefined && place !== undefined && furthest > place;
  }

  #shownAt(runtime: RuntimeStory): ReadonlySet<string> {
    const known = this.#shown.get(runtime);
    if (known !== undefined) return known;
    const shown = new Set(inPlaceAt(runtime).map(({ resource, push }) => `${resource} ${push}`));
    this.#shown.set(runtime, shown);
    return shown;
  }

  #furthestAt(runtime: RuntimeStory): ReadonlyMap<string, number> {
    const known = this.#furthest.get(runtime);
    if (known !== undefined) return known;
    const furthest = new Map<string, number>();
    for (const { resource, push } of inPlaceAt(runtime)) {
      const place = this.of(push);
      if (place !== undefined) furthest.set(resource, Math.max(place, furthest.get(resource) ?? -1));
    }
    this.#furthest.set(runtime, furthest);
    return furthest;
  }
}

const inPlaceAt = ({ lives }: RuntimeStory): { resource: string; push: string }[] =>
  lives.flatMap(({ start, effects }) => [
    ...Object.entries(start.standing).flatMap(([resource, push]) =>
      push === null ? [] : [{ resource, push }],
    ),
    ...effects,
  ]);
