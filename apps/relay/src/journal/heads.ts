import { branded, moduleOf, type PatchHead, type Resource } from '@cd-push/protocol';

import type { HistoryStep, Misfit, Place, ResourceHead } from './journal.ts';
import { KeptSteps } from './kept-steps.ts';
import type { TrackedPush } from './tracked-push.ts';

interface History {
  head: ResourceHead;
  readonly steps: HistoryStep[];
}

/** Heads and their histories, in memory. */
export class Heads {
  /** By place and module, then by resource, so that a joining runtime's module is found without a walk over all. */
  readonly #modules = new Map<string, Map<string, History>>();
  /** How many heads each push still is. */
  readonly #heldBy = new Map<TrackedPush, number>();
  readonly #kept: KeptSteps;

  /** @param historyCapacity what the steps before the heads may weigh in all. */
  constructor(historyCapacity: number) {
    this.#kept = new KeptSteps(historyCapacity);
  }

  head(place: Place, resource: string): ResourceHead | undefined {
    return this.#history(place, resource)?.head;
  }

  headsOf(place: Place, module: string): ResourceHead[] {
    const histories = this.#modules.get(keyOf(place, module))?.values() ?? [];
    return [...histories].map(({ head }) => head).toSorted((a, b) => a.push.order - b.push.order);
  }

  steps(place: Place, resource: string): readonly HistoryStep[] {
    return this.#history(place, resource)?.steps ?? [];
  }

  /** Whether a push brought a head that is still in place. */
  isHead(push: TrackedPush): boolean {
    return this.#heldBy.has(push);
  }

  misfit(place: Place, patches: readonly PatchHead[]): Misfit | undefined {
    for (const [index, patch] of patches.entries()) {
      const before = this.head(place, patch.from ?? patch.resource);
      if (before !== undefined && (before.digest !== patch.predecessor || before.version >= patch.version)) {
        return { index, patch, current: before };
      }
      if (patch.from === undefined) continue;
      const target = this.head(place, patch.resource);
      if (target !== undefined && (target.digest !== null || target.version >= patch.version)) {
        return { index, patch, current: target };
      }
    }
    return undefined;
  }

  /** The pushes that would be no head any more. */
  overtakenBy(place: Place, patches: readonly PatchHead[]): TrackedPush[] {
    const replaced = new Map<TrackedPush, number>();
    for (const { resource, from } of patches) {
      for (const name of from === undefined ? [resource] : [resource, from]) {
        const before = this.head(place, name)?.push;
        if (before !== undefined) replaced.set(before, (replaced.get(before) ?? 0) + 1);
      }
    }
    return [...replaced].flatMap(([push, heads]) => (heads === this.#heldBy.get(push) ? [push] : []));
  }

  /** Puts a push's patches in place and answers the pushes that are no head any more. */
  put(place: Place, push: TrackedPush): TrackedPush[] {
    const overtaken = new Set<TrackedPush>();
    for (const [index, patch] of (push.accepted.signed?.patches ?? []).entries()) {
      const content = push.body?.contents[index];
      const text = content?.encoding === 'text' ? content.text : undefined;
      const { version, digest } = patch;
      const replaced = [this.#set(place, { resource: patch.resource, version, digest, push, text })];
      if (patch.from !== undefined) {
        replaced.push(
          this.#set(place, { resource: patch.from, version, digest: null, push, text: undefined }),
        );
      }
      for (const before of replaced) if (before !== undefined) overtaken.add(before);
    }
    return [...overtaken].filter((before) => !this.isHead(before));
  }

  #set(place: Place, head: ResourceHead): TrackedPush | undefined {
    const module = keyOf(place, moduleOf(branded<Resource>(head.resource)));
    const histories = this.#modules.get(module) ?? new Map<string, History>();
    this.#modules.set(module, histories);
    this.#heldBy.set(head.push, (this.#heldBy.get(head.push) ?? 0) + 1);
    const history = histories.get(head.resource);
    if (history === undefined) {
      histories.set(head.resource, { head, steps: [] });
      return undefined;
    }
    const before = history.head;
    history.head = head;
    const step = stepOf(before);
    if (step !== undefined) this.#kept.add(history.steps, step);
    const left = (this.#heldBy.get(before.push) ?? 1) - 1;
    if (left === 0) this.#heldBy.delete(before.push);
    else this.#heldBy.set(before.push, left);
    return before.push;
  }

  #history(place: Place, resource: string): History | undefined {
    return this.#modules.get(keyOf(place, moduleOf(branded<Resource>(resource))))?.get(resource);
  }
}

const stepOf = ({ resource, version, digest, push }: ResourceHead): HistoryStep | undefined => {
  const { signed } = push.accepted;
  const patch = signed?.patches.find((one) => one.resource === resource || one.from === resource);
  if (signed === undefined || patch === undefined) return undefined;
  const { statement, certificate, session } = signed;
  return {
    version,
    digest,
    predecessor: patch.predecessor,
    order: push.order,
    session,
    statement,
    certificate,
  };
};

/** Names hold no space, so that two places never share a key. */
const keyOf = ({ tenant, environment }: Place, module: string): string =>
  `${tenant} ${environment} ${module}`;
