import type { KnownHead, PatchInput } from '@cd-push/client';
import { limits } from '@cd-push/protocol';
import {
  addressOfDigest,
  isAncestor,
  loadFrame,
  readAddress,
  sourceOf,
  walk,
  type Address,
  type FrameObject,
  type FrameRef,
  type ObjectSource,
  type SyntaxCheck,
} from '@cd-push/timeline';

import { putOf } from '../project/patches.ts';
import type { Settings } from '../settings/load-settings.ts';
import type { Line } from '../sync/line.ts';
import { unlessAborted } from '../sync/unless-aborted.ts';
import type { BaseEntry } from '../transform/base-entry.ts';
import type { Base } from '../transform/base.ts';
import { contentDigest } from '../transform/content-digest.ts';
import type { Ignore } from '../transform/project-scan.ts';
import { digestIn, nameBefore, refOf } from './heads.ts';
import { inPlaceOf, type InPlace } from './in-place.ts';
import type { LineHistory } from './line-history.ts';
import { frameSave, type SavedFrame } from './merge-save.ts';
import type { MergeTeller } from './merge-teller.ts';
import { replaceFile } from './replace-file.ts';
import type { Basis, WorkingCopy } from './working-copy.ts';

export interface LineFilesPorts {
  readonly line: Line;
  readonly settings: Settings;
  /** Which folder the project's root was when this began. */
  readonly folder: string | undefined;
  readonly base: Base;
  readonly ignore: Ignore;
  readonly history: LineHistory;
  readonly copy: WorkingCopy;
  readonly teller: MergeTeller;
  /** Whether what others push may be written into the files here. */
  readonly acceptsEdits: boolean;
  readonly signal: AbortSignal;
}

/** Larger files that were served and never pushed begin their timeline with their first save. */
const servedAtMost = 256 * 1024;
/** Of a file's history, as many versions are looked at. */
const versionsAtMost = 1_000;

/** A developer's files as they stand to one relay: what is in place there, what each is based on, and how that comes together. */
export class LineFiles {
  readonly ports: LineFilesPorts;
  /** Files as they were served before anything was pushed of them. */
  readonly #served = new Map<string, BaseEntry>();
  /** Files of which something else is in place than they are based on. */
  readonly #overtaken = new Set<string>();
  #syntax: SyntaxCheck | undefined;

  constructor(ports: LineFilesPorts) {
    this.ports = ports;
  }

  /** Takes note of a file of which nothing was pushed yet. */
  serve(entry: BaseEntry): void {
    if (entry.content === undefined || (entry.source ?? entry.content).length > servedAtMost) return;
    this.#served.set(entry.resource, entry);
  }

  served(resource: string): BaseEntry | undefined {
    return this.#served.get(resource);
  }

  isOvertaken(resource: string): boolean {
    return this.#overtaken.has(resource);
  }

  /** Somebody else has pushed these. */
  overtaken(resources: readonly string[]): void {
    const { line, settings } = this.ports;
    for (const resource of resources) this.#overtaken.add(resource);
    line.publisher.overtaken(settings.environment, resources);
  }

  /** The file is based on what is in place. */
  isCurrent(resource: string): void {
    this.#overtaken.delete(resource);
    this.#served.delete(resource);
  }

  /** Blob of a file as it was served before anything was pushed of it. */
  servedSource(resource: string): Address | undefined {
    const served = this.#served.get(resource);
    const text = served?.source ?? served?.content;
    return text === undefined ? undefined : addressOfDigest('raw', contentDigest(text));
  }

  /** The file says what is in place, and is based on it. */
  settle(resource: string, basis: Basis): void {
    this.ports.copy.setBasis(resource, basis);
    this.ports.copy.settle(resource);
    this.isCurrent(resource);
  }

  /** The latest frame of a file's history that is what is looked for. */
  async findFrame(tip: FrameRef, isIt: (frame: FrameObject) => boolean): Promise<FrameObject | undefined> {
    let looked = 0;
    for await (const frame of walk(this.ports.history.space, [tip.address])) {
      if (isIt(frame)) return frame;
      looked += 1;
      if (looked >= versionsAtMost) return undefined;
    }
    return undefined;
  }

  /** The latest version of a file that says what the file here does. */
  async findBasis(here: Address | null, tip: FrameRef): Promise<Basis | undefined> {
    if (here === null) return undefined;
    const found = await this.findFrame(tip, ({ frame }) => sourceOf(frame) === here);
    if (found === undefined) return undefined;
    const { address, timeline, height } = found;
    return { frame: { address, timeline, height }, digest: digestIn(found), source: here };
  }

  /** Writes what was pushed into the file here, if that is allowed and the file still says what it did. */
  async write(
    resource: string,
    from: Address | null,
    { basis, bytes }: { readonly basis: Basis; readonly bytes: Uint8Array | null },
  ): Promise<boolean> {
    const { copy, history } = this.ports;
    if (bytes === null && (await isAsServed(history.space, basis.frame))) return false;
    const isWritten = await this.#replace(resource, from, bytes);
    if (isWritten) copy.setBasis(resource, basis);
    return isWritten;
  }

  /** Takes a file away that has another name by now, if that is allowed and it still says what it did. */
  async remove(resource: string, from: Address, frame: FrameRef): Promise<boolean> {
    const isRemoved = await this.#replace(resource, from, null);
    if (isRemoved) this.ports.copy.setBasis(resource, { frame, digest: null, source: null });
    // A file that is made under this name later is none of that timeline.
    if (isRemoved) this.#overtaken.add(resource);
    return isRemoved;
  }

  async #replace(resource: string, from: Address | null, to: Uint8Array | null): Promise<boolean> {
    const { settings, folder, ignore, acceptsEdits, teller } = this.ports;
    if (!acceptsEdits) return false;
    const replaced = await replaceFile({
      root: settings.root,
      folder,
      path: resource.slice(settings.module.length + 2),
      ignore,
      from: from === null ? null : (readAddress(from)?.digest ?? null),
      to,
    });
    if (replaced !== 'replaced') teller.notWritten(resource, replaced);
    return replaced === 'replaced';
  }

  /** What the file here is based on, as far as what is in place is of the same timeline. */
  async basisBelow(name: string, theirs: FrameRef): Promise<Basis | undefined> {
    const { copy, history } = this.ports;
    const isBelow = async (basis: Basis | undefined): Promise<boolean> =>
      basis?.frame.timeline === theirs.timeline &&
      (await history.space.has([basis.frame.address])).size > 0 &&
      (await isAncestor(history.space, basis.frame.address, theirs.address));
    const sent = copy.sent(name);
    const basis = copy.basis(name);
    // An earlier run may have been answered when nobody listened any more.
    if (sent !== undefined && sent.frame.height > (basis?.frame.height ?? 0) && (await isBelow(sent)))
      return sent;
    return (await isBelow(basis)) ? basis : undefined;
  }

  /** The save's frame: upon its basis, or at the beginning of a timeline, behind what was served before. */
  async frame(patch: PatchInput, basis: Basis | undefined, after?: Address): Promise<SavedFrame> {
    const { line, settings } = this.ports;
    const resource = nameBefore(patch);
    const { tenant } = line.session.account;
    const origin = { tenant, environment: settings.environment, resource, after };
    const served = basis === undefined && after === undefined ? this.#served.get(resource) : undefined;
    const first = served === undefined ? undefined : putOf(this.ports.base, served);
    if (first === undefined || served?.content === undefined) return frameSave(patch, origin, basis?.frame);
    const before = await frameSave(first, origin, undefined);
    const next = await frameSave(patch, origin, before.prepared.ref);
    return {
      basis: next.basis,
      prepared: { ref: next.prepared.ref, objects: [...before.prepared.objects, ...next.prepared.objects] },
    };
  }

  /** Asks what is in place of files, and brings their histories here. */
  async pull(resources: readonly string[]): Promise<ReadonlyMap<string, KnownHead>> {
    const { line, settings, history, signal } = this.ports;
    const names = [...new Set(resources)];
    line.publisher.overtaken(settings.environment, names);
    const heads = await unlessAborted(line.publisher.prepare(settings.environment, names), signal);
    const timelines = heads.flatMap((head) => refOf(head)?.timeline ?? []);
    for (let start = 0; start < timelines.length; start += limits.syncTimelines)
      await history.pull(timelines.slice(start, start + limits.syncTimelines), signal);
    return new Map(
      names.flatMap((name, index) => {
        const head = heads[index];
        return head === undefined ? [] : [[name, head] as const];
      }),
    );
  }

  /** Who brought what is in place there, and how. */
  inPlace(resource: string): Promise<InPlace> {
    const { line, settings, signal } = this.ports;
    return inPlaceOf(line, settings.environment, resource, signal);
  }

  /** Loaded when something is merged: parsers are large. */
  async parsers(): Promise<SyntaxCheck> {
    this.#syntax ??= (await import('@cd-push/syntax')).syntax;
    return this.#syntax;
  }
}

/** Whether a frame goes back to before the first version of its file: what was served then is not known here. */
const isAsServed = async (space: ObjectSource, { address, timeline }: FrameRef): Promise<boolean> => {
  const { frame } = await loadFrame(space, address);
  return frame.links['restores']?.includes(timeline) === true;
};
