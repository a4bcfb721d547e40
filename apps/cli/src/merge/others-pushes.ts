import type { KnownHead } from '@cd-push/client';
import { branded, type Digest } from '@cd-push/protocol';
import { loadFrame, sourceOf, type FrameRef } from '@cd-push/timeline';

import type { BaseEntry } from '../transform/base-entry.ts';
import { blobOf, refOf } from './heads.ts';
import type { InPlace } from './in-place.ts';
import type { LineFiles } from './line-files.ts';
import { bytesOf } from './merge-save.ts';
import type { Basis } from './working-copy.ts';

/** Takes in what others push, into files that were not changed here. */
export class OthersPushes {
  readonly #files: LineFiles;

  constructor(files: LineFiles) {
    this.#files = files;
  }

  /**
   * Finds out what the files are based on.
   *
   * @param heads of the entries, in their order.
   * @returns files that were changed here and elsewhere since, to be merged.
   */
  async begin(entries: readonly BaseEntry[], heads: readonly KnownHead[]): Promise<readonly string[]> {
    const { copy, base } = this.#files.ports;
    const fresh = new Map<string, Basis>();
    const moved: string[] = [];
    for (const [index, entry] of entries.entries()) {
      const { resource, digest } = entry;
      const head = heads[index];
      const frame = refOf(head);
      if (frame === undefined) {
        copy.forget(resource);
        this.#files.serve(entry);
        continue;
      }
      const known = copy.basis(resource);
      if (known?.frame.address === frame.address) continue;
      if (known === undefined && head?.digest === digest) {
        fresh.set(resource, { frame, digest, source: blobOf(base.sourceDigestOf(resource)) });
      } else {
        moved.push(resource);
      }
    }
    copy.setAll(fresh);
    return this.takeIn(moved, { isStart: true });
  }

  /**
   * Takes in what others have pushed of these files: as far as the files here were not changed it is written into them, where
   * that is allowed.
   *
   * @returns files that were changed here, too, to be merged.
   */
  async takeIn(
    resources: readonly string[],
    { isStart = false }: { readonly isStart?: boolean } = {},
  ): Promise<readonly string[]> {
    if (resources.length === 0) return [];
    this.#files.overtaken(resources);
    const heads = await this.#files.pull(resources);
    const changed: string[] = [];
    let unknown = 0;
    for (const resource of resources) {
      const taken = await this.#takeOne(resource, heads.get(resource), isStart);
      if (taken === 'changed') changed.push(resource);
      if (taken === 'unknown') unknown += 1;
    }
    this.#files.ports.teller.unknown(unknown);
    return changed;
  }

  async #takeOne(
    resource: string,
    head: KnownHead | undefined,
    isStart: boolean,
  ): Promise<'done' | 'changed' | 'unknown'> {
    const { base, copy, history, teller } = this.#files.ports;
    const theirs = refOf(head);
    if (theirs === undefined || head === undefined) return 'done';
    const { frame } = await loadFrame(history.space, theirs.address);
    const source = sourceOf(frame) ?? null;
    const here = blobOf(base.sourceDigestOf(resource));
    const digest = head.digest === null ? null : branded<Digest>(head.digest);
    const basis: Basis = { frame: theirs, digest, source };
    if (here === source) {
      this.#files.settle(resource, basis);
      return 'done';
    }
    if (copy.conflict(resource) !== undefined) return 'done';
    const known = copy.basis(resource) ?? (await this.#files.findBasis(here, theirs));
    if (known?.frame.address === theirs.address) return 'done';
    if (known === undefined && here !== null && isStart) {
      // Whoever starts to work from such a file means it.
      this.#files.settle(resource, basis);
      return 'unknown';
    }
    const isAsServed = known === undefined && here !== null && here === this.#files.servedSource(resource);
    if (known !== undefined) copy.setBasis(resource, known);
    if (here !== (known?.source ?? null) && !isAsServed) return here === null ? 'done' : 'changed';
    const inPlace = await this.#files.inPlace(resource);
    const bytes = source === null ? null : await bytesOf(history.space, source);
    if (!isAsServed && (await this.#files.write(resource, here, { basis, bytes }))) {
      this.#files.settle(resource, basis);
      teller.takenIn(resource, inPlace, bytes === null);
      if (inPlace.from !== undefined)
        await this.#takeAway(inPlace.from, theirs, { ...inPlace, to: resource });
    } else {
      teller.behind(resource, inPlace);
    }
    return 'done';
  }

  /** A file that has another name by now, which is on the disk here already. */
  async #takeAway(resource: string, frame: FrameRef, { by, change, to }: InPlace): Promise<void> {
    const { base, copy, teller } = this.#files.ports;
    const here = blobOf(base.sourceDigestOf(resource));
    if (here === null) return;
    const asBefore = copy.basis(resource)?.source ?? this.#files.servedSource(resource);
    const isRemoved = here === asBefore && (await this.#files.remove(resource, here, frame));
    if (isRemoved) teller.takenIn(resource, { by, change, to }, true);
    else teller.behind(resource, { by, change, to });
  }
}
