import type { KnownHead, PatchInput } from '@cd-push/client';
import { sourceOf, type FrameRef } from '@cd-push/timeline';

import { CliError } from '../cli-error.ts';
import { exitCodes } from '../exit-codes.ts';
import { contentDigest } from '../transform/content-digest.ts';
import type { PatchProblem } from '../transform/patch-problem.ts';
import { conflictTexts } from './conflict-texts.ts';
import { digestIn, goneOf, nameBefore, refOf } from './heads.ts';
import type { InPlace } from './in-place.ts';
import type { LineFiles } from './line-files.ts';
import { bytesOf, frameSettled, laterFrame, mergeSave, remade, type SavedFrame } from './merge-save.ts';
import type { Basis, OpenConflict } from './working-copy.ts';

/** A save that is ready to be pushed. */
export interface DueSave {
  readonly patch: PatchInput;
  /** What the file on the disk is based on once this was accepted. */
  readonly basis: Basis;
  /** Of one that was merged: what was pushed in its place, and how that came there which it was merged with. */
  readonly merged?: {
    readonly basis: Basis;
    readonly bytes: Uint8Array | null;
    readonly inPlace: InPlace;
  };
}

/**
 * Gives saves their place in history, so that nobody's save is pushed over what somebody else pushed meanwhile: it is merged
 * with it.
 */
export class LineMerges {
  readonly #files: LineFiles;

  constructor(files: LineFiles) {
    this.#files = files;
  }

  /** Gives saves their place in history. What is in place already is left out; undefined where a conflict is in the way. */
  async prepare(patches: readonly PatchInput[]): Promise<readonly DueSave[] | undefined> {
    const { copy } = this.#files.ports;
    const fresh = patches.filter((patch) => !this.#isInPlace(patch));
    if (fresh.length === 0) return [];
    const isInDoubt = fresh.some((patch) => {
      const name = nameBefore(patch);
      return this.#files.isOvertaken(name) || copy.conflict(name) !== undefined;
    });
    if (isInDoubt) return this.merge(fresh);
    return Promise.all(
      fresh.map(async (patch) => dueOf(patch, await this.#files.frame(patch, copy.basis(nameBefore(patch))))),
    );
  }

  /** Merges saves with what is in place of them. Undefined where people have to: then that was told, and is kept. */
  async merge(patches: readonly PatchInput[]): Promise<readonly DueSave[] | undefined> {
    const heads = await this.#files.pull(patches.map(nameBefore));
    const due: DueSave[] = [];
    let isConflict = false;
    for (const patch of patches) {
      const merged = await this.#mergeOne(patch, heads.get(nameBefore(patch)), patches);
      if (merged === 'conflict') isConflict = true;
      else if (merged !== 'nothing') due.push(merged);
    }
    return isConflict ? undefined : due;
  }

  /** Takes note of what is on its way: whether it was accepted, this process may not live to hear. */
  sent(due: readonly DueSave[]): void {
    const { copy } = this.#files.ports;
    for (const { patch, basis } of due) copy.setSent(patch.resource, basis);
  }

  /** The relay has taken these: the files are based on them. Merged texts go to the disk where that is allowed. */
  async accepted(due: readonly DueSave[]): Promise<void> {
    const { copy, teller } = this.#files.ports;
    for (const { patch, basis, merged } of due) {
      const { resource } = patch;
      if (patch.change === 'rename') copy.forget(patch.from);
      copy.setBasis(resource, basis);
      copy.settle(nameBefore(patch));
      this.#files.isCurrent(resource);
      if (merged === undefined) continue;
      const isWritten = await this.#files.write(resource, basis.source, merged);
      // What is pushed next from here is merged with what is in place now.
      if (!isWritten) this.#files.overtaken([resource]);
      teller.merged(resource, merged.inPlace, isWritten);
    }
  }

  async #mergeOne(
    patch: PatchInput,
    head: KnownHead | undefined,
    batch: readonly PatchInput[],
  ): Promise<DueSave | 'conflict' | 'nothing'> {
    const { copy, teller } = this.#files.ports;
    const name = nameBefore(patch);
    const theirs = refOf(head);
    if (theirs === undefined) {
      // Nothing is in place, or nothing that has a history: what was known of it is of another time.
      copy.forget(name);
      const gone = goneOf(head);
      const frame = await this.#files.frame(patch, undefined, gone);
      const inPlace = gone === undefined ? {} : await this.#files.inPlace(name);
      if (inPlace.to !== undefined) teller.anew(name, inPlace);
      return dueOf(patch, frame);
    }
    const basis = await this.#files.basisBelow(name, theirs);
    const ours = await this.#files.frame(patch, basis);
    if (basis?.frame.address === theirs.address) {
      this.#files.isCurrent(name);
      return patch.change === 'put' && ours.basis.digest === basis.digest ? 'nothing' : dueOf(patch, ours);
    }
    const together = batch.map(({ resource }) => resource).filter((one) => one !== patch.resource);
    return this.#mergeWith(patch, ours, theirs, together);
  }

  /**
   * What was settled by hand, as the frame in which both sides come together; merged once more where something else is in
   * place by now. Undefined where that is a conflict in its turn.
   *
   * @param isWritten whether the file on the disk says it already.
   * @throws CliError where what is settled cannot be pushed.
   */
  async settled(
    { resource, ours, theirs }: OpenConflict,
    bytes: Uint8Array | null,
    isWritten: boolean,
  ): Promise<DueSave | undefined> {
    const { base, copy, history } = this.#files.ports;
    const { space } = history;
    const head = (await this.#files.pull([resource])).get(resource);
    const now = refOf(head);
    const made = remade(base, resource, bytes);
    if ('fault' in made) throw unfit(made.fault);
    const one = await laterFrame(space, ours.address);
    const was: Basis = { frame: ours, digest: digestIn(one), source: sourceOf(one.frame) ?? null };
    const saved = await frameSettled(space, made.patch, ours, theirs);
    await space.commit({ objects: saved.prepared.objects, swaps: [] });
    const inPlace = await this.#files.inPlace(resource);
    if (now !== undefined && now.address !== theirs.address) {
      // What is on the disk is not what was settled until it is written there.
      const merged = await this.#mergeWith(made.patch, saved, now, copy.conflict(resource)?.together ?? []);
      if (merged === 'conflict') return undefined;
      if (merged === 'nothing') return undefined;
      return isWritten ? merged : { ...merged, basis: was };
    }
    const { patch, basis } = dueOf(made.patch, saved);
    return isWritten ? { patch, basis } : { patch, basis: was, merged: { basis, bytes, inPlace } };
  }

  async #mergeWith(
    patch: PatchInput,
    ours: SavedFrame,
    theirs: FrameRef,
    together: readonly string[],
  ): Promise<DueSave | 'conflict' | 'nothing'> {
    const { copy, history, base } = this.#files.ports;
    const { space } = history;
    const name = nameBefore(patch);
    await space.commit({ objects: ours.prepared.objects, swaps: [] });
    const merge = await mergeSave({ space, base, syntax: await this.#files.parsers() }, patch, ours, theirs);
    const inPlace = await this.#files.inPlace(name);
    switch (merge.kind) {
      case 'nothing': {
        const frame = await laterFrame(space, theirs.address);
        const source = sourceOf(frame.frame) ?? null;
        const bytes = source === null ? null : await bytesOf(space, source);
        const taken = { frame: theirs, digest: digestIn(frame), source };
        if (
          ours.basis.source === source ||
          (await this.#files.write(name, ours.basis.source, { basis: taken, bytes }))
        )
          this.#files.settle(name, taken);
        return 'nothing';
      }
      case 'conflict': {
        await space.commit({ objects: merge.objects, swaps: [] });
        const conflict = {
          resource: name,
          frame: merge.frame,
          ours: ours.prepared.ref,
          theirs,
          by: inPlace.by,
          together,
        };
        const before = copy.conflict(name);
        copy.setConflict(conflict);
        if (before?.frame !== merge.frame) {
          const texts = await conflictTexts(space, conflict);
          this.#files.ports.teller.conflict(conflict, inPlace, texts, merge.fault?.detail);
        }
        return 'conflict';
      }
      case 'merged':
        return {
          patch: merge.patch,
          basis: ours.basis,
          merged: { basis: merge.basis, bytes: merge.bytes, inPlace },
        };
      default:
        return merge satisfies never;
    }
  }

  /** Whether it was taken in from others, or is so already. */
  #isInPlace(patch: PatchInput): boolean {
    const { copy } = this.#files.ports;
    const basis = copy.basis(patch.resource);
    if (patch.change === 'delete') return basis?.digest === null;
    if (this.#files.isOvertaken(patch.resource) || basis === undefined) return false;
    return (
      basis.digest === contentDigest(patch.content) &&
      (patch.change === 'put' || copy.basis(patch.from)?.digest === null)
    );
  }
}

const dueOf = (patch: PatchInput, { basis, prepared }: SavedFrame): DueSave => ({
  patch: { ...patch, prepared },
  basis,
});

/** What a person has settled in a way that makes no sense as a program. */
const unfit = ({ resource, detail, title, frame }: PatchProblem): CliError =>
  new CliError(`invalid-patch: ${detail ?? title}\n${frame}`, {
    exitCode: exitCodes.error,
    next: `Nothing was pushed. Edit the file until it says what it shall, then settle it by --done: cd-cli resolve ${resource} --done`,
  });
