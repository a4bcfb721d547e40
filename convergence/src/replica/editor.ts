import {
  append,
  appendEntries,
  isLink,
  loadFrame,
  makeGenesis,
  type Address,
  type FrameObject,
  type SpaceChange,
  type StoredObject,
  type TipSwap,
} from '@cd-push/timeline';

import { changed, type Change, type Content, type Hand } from '../changes/change.ts';
import { withLink } from '../changes/relations.ts';
import { newText } from '../changes/text-edits.ts';
import { textValue } from '../changes/texts.ts';
import type { Draw } from '../draw/draw.ts';
import type { Ledger, PlannedEdit } from '../ledger/ledger.ts';
import type { Pool } from '../objects/pool.ts';
import { tokenOf, type Token } from '../tokens/occurrences.ts';
import { asDeleted, asSaved, beginFile, beginManifest, fileNames } from './files.ts';
import type { Replica } from './replica.ts';

/** What changes one timeline's content, for a hand that is given. */
export type MakeChange = (content: Content, hand: Hand) => Promise<Change> | Change;

/** Makes changes at replicas, as one who sits there would, and has each noted as it is committed. */
export class Editor {
  readonly #pool: Pool;
  readonly #ledger: Ledger;
  /** What is about to be committed, by the frame that it makes. */
  readonly #planned = new Map<Address, PlannedEdit>();
  /** Changes that were begun; each has words of its own. */
  #begun = 0;
  /** Changes that were committed, each of one timeline or of several. */
  operations = 0;

  constructor(pool: Pool, ledger: Ledger) {
    this.#pool = pool;
    this.#ledger = ledger;
  }

  /** Hears every commit of every replica: those that move a tip to a frame that was edited are edits that were made. */
  hear({ swaps }: SpaceChange): void {
    const made = swaps.flatMap(({ to }) => this.#planned.get(to) ?? []);
    if (made.length === 0) return;
    this.#planned.clear();
    this.operations += 1;
    for (const planned of made) this.#ledger.note(planned);
  }

  /** Words that no other change has. */
  words(): () => Token {
    const change = this.#begun;
    this.#begun += 1;
    let index = 0;
    return () => tokenOf(change, index++);
  }

  hand(replica: Replica, draw: Draw, tip: Address | undefined): Hand {
    return {
      draw,
      token: this.words(),
      textOf: (link) => (link !== undefined && isLink(link) ? this.#textOf(link) : undefined),
      earlier: async () => (tip === undefined ? undefined : this.#earlier(replica, tip, draw)),
    };
  }

  /** Edits a timeline where the replica's tip of it is. @returns what was done */
  async edit(replica: Replica, timeline: Address, draw: Draw, make: MakeChange): Promise<string> {
    const tip = replica.space.tip(timeline);
    if (tip === undefined) throw new TypeError('Only what is there is edited.');
    const parent = await loadFrame(replica.space, tip);
    const change = await make(parent.frame, this.hand(replica, draw, tip));
    const { data, links } = change;
    const frame = await append(parent, { data: asSaved(data), links });
    const { objects, what, isUndo = false } = change;
    await this.#save(replica, [{ parent, frame, objects, from: tip, what, isUndo }]);
    return what;
  }

  /** Begins a document, to which another timeline is related from now on. */
  async createDocument(replica: Replica, relatedFrom: Address | undefined, draw: Draw): Promise<string> {
    const hand = this.hand(replica, draw, undefined);
    const parent = await makeGenesis({ document: hand.token() });
    const first = await this.#firstContent({}, hand);
    const frame = await append(parent, first);
    const begun = {
      parent,
      frame,
      objects: [parent, ...first.objects],
      from: undefined,
      what: 'begin a document',
    };
    const related = await this.#related(replica, relatedFrom, parent.address);
    await this.#save(replica, related === undefined ? [begun] : [begun, related]);
    return begun.what;
  }

  /** Deletes a resource with its entry; undefined where there is none. */
  async deleteResource(replica: Replica, draw: Draw): Promise<string | undefined> {
    for (const resource of draw.shuffled(fileNames)) {
      const { address } = await beginFile(resource);
      const tip = replica.space.tip(address);
      if (tip === undefined) continue;
      const parent = await loadFrame(replica.space, tip);
      const frame = await append(parent, { data: asDeleted(resource) });
      const what = `delete ${resource}`;
      await this.#save(replica, [{ parent, frame, objects: [], from: tip, what }]);
      return what;
    }
    return undefined;
  }

  /** Begins a resource of the module, which somebody else may begin as well; undefined where all are there. */
  async createResource(replica: Replica, draw: Draw): Promise<string | undefined> {
    const hand = this.hand(replica, draw, undefined);
    for (const resource of draw.shuffled(fileNames)) {
      const parent = await beginFile(resource);
      if (replica.space.tip(parent.address) !== undefined) continue;
      const first = await this.#firstContent({ resource }, hand);
      const frame = await append(parent, first);
      const what = `begin ${resource}`;
      await this.#save(replica, [
        { parent, frame, objects: [parent, ...first.objects], from: undefined, what },
      ]);
      return what;
    }
    return undefined;
  }

  async #firstContent(data: Content['data'], hand: Hand): Promise<Change> {
    const { draw, token } = hand;
    const source = await textValue('source', newText(draw, token));
    const all = {
      ...data,
      title: token(),
      owner: token(),
      text: newText(draw, token),
      source: source.value,
      meta: { one: { one: token(), two: token() }, two: token() },
    };
    return changed({ data: asSaved(all), links: {} }, 'begin', { objects: source.objects });
  }

  async #related(replica: Replica, from: Address | undefined, to: Address): Promise<FrameSave | undefined> {
    const tip = from === undefined ? undefined : replica.space.tip(from);
    if (tip === undefined) return undefined;
    const parent = await loadFrame(replica.space, tip);
    const { data, links } = parent.frame;
    const frame = await append(parent, { data: asSaved(data), links: withLink(links, 'uses', to) });
    return { parent, frame, objects: [], from: tip, what: 'relate to it' };
  }

  /** One commit for all of it; what is a resource of the module is saved with the manifest that names it. */
  async #save(replica: Replica, saves: readonly FrameSave[]): Promise<void> {
    const manifest = await this.#manifestSave(replica, saves);
    const all = manifest === undefined ? saves : [...saves, manifest];
    const objects: StoredObject[] = all.flatMap((save) => [...save.objects, save.frame]);
    const swaps = all.map(({ frame, from }): TipSwap => ({
      timeline: frame.timeline,
      from,
      to: frame.address,
    }));
    for (const { parent, frame, what, isUndo = false, only } of all) {
      this.#planned.set(frame.address, {
        replica: replica.name,
        timeline: frame.timeline,
        frame: frame.address,
        parent: parent.address,
        what,
        isUndo,
        only,
      });
    }
    try {
      const { outcome } = await replica.space.commit({ objects, swaps });
      if (outcome === 'moved') throw new TypeError('Nobody else moves tips while somebody edits.');
      replica.space.remember(all.flatMap(({ parent, frame: made }) => [parent, made]));
    } finally {
      this.#planned.clear();
    }
  }

  async #manifestSave(replica: Replica, saves: readonly FrameSave[]): Promise<FrameSave | undefined> {
    const put = new Map<string, Address>();
    const remove: string[] = [];
    for (const { frame } of saves) {
      const { resource, change } = frame.frame.data;
      if (typeof resource !== 'string') continue;
      if (change === 'delete') remove.push(resource);
      else put.set(resource, frame.address);
    }
    const names = [...put.keys(), ...remove];
    if (names.length === 0) return undefined;
    const genesis = await beginManifest();
    const from = replica.space.tip(genesis.address);
    const parent = from === undefined ? genesis : await loadFrame(replica.space, from);
    const frame = await appendEntries(parent, { put, remove });
    const what = `save ${names.join(', ')} in the manifest`;
    const only = names.map((resource) => `/entries/${resource}`);
    return { parent, frame, objects: from === undefined ? [genesis] : [], from, what, only };
  }

  #textOf(link: { readonly '/': Address }): string | undefined {
    return this.#pool.frameOf(link['/']) === undefined ? this.#pool.textOf(link['/']) : undefined;
  }

  /** What a timeline said at one of the frames before this one. */
  async #earlier(replica: Replica, tip: Address, draw: Draw): Promise<Content | undefined> {
    const before = draw.pickFrom(this.#pool.editedBefore(tip));
    return before === undefined ? undefined : (await loadFrame(replica.space, before)).frame;
  }
}

/** A frame that is saved, and what with it. */
interface FrameSave {
  readonly parent: FrameObject;
  readonly frame: FrameObject;
  readonly objects: readonly StoredObject[];
  /** The tip until now; undefined where the timeline is begun. */
  readonly from: Address | undefined;
  readonly what: string;
  readonly isUndo?: boolean;
  /** Names of the relations that it may touch; undefined where it may touch any. */
  readonly only?: readonly string[];
}
