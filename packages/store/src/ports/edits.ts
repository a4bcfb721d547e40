import type { OfferedEdit, SettleEdit } from '@cd-push/protocol';

/** Something that was edited where it runs, and what became of it. */
export interface KeptEdit {
  readonly tenant: string;
  readonly edit: OfferedEdit;
  /** Undefined until someone has taken it in or refused it. */
  readonly settled: SettleEdit | undefined;
}

/** Whose edits of which module. */
export interface EditPlace {
  readonly tenant: string;
  readonly environment: string;
  readonly module: string;
}

/** What waits of one runtime: how many edits, and UTF-16 units of their texts. */
export interface OpenEdits {
  readonly count: number;
  readonly length: number;
}

/** Edits that nobody has settled, and for a while those that were. Each change of one takes a place of the journal. */
export interface EditBook {
  /** Keeps an edit; the same twice is one. Answers how it stood before that. */
  put(tenant: string, edit: OfferedEdit): Promise<KeptEdit>;
  /** Says what became of an edit, if nobody has yet. Answers how it stood before that; undefined where there is none. */
  settle(tenant: string, settlement: SettleEdit): Promise<KeptEdit | undefined>;
  find(tenant: string, edit: string): Promise<KeptEdit | undefined>;
  /** Those that nobody has settled, the oldest first. */
  open(place: EditPlace, limit: number): Promise<readonly OfferedEdit[]>;
  openOf(tenant: string, runtime: string): Promise<OpenEdits>;
  /** The same of all instances of a credential. */
  openUnder(tenant: string, credential: string): Promise<OpenEdits>;
}
