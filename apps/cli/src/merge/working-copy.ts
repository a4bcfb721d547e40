import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';

import { branded, type Digest } from '@cd-push/protocol';
import { frameRefOf, isAddress, type Address, type FrameRef } from '@cd-push/timeline';

import type { Settings } from '../settings/load-settings.ts';

/** What a file on the disk is based on: a frame that the relay has, or was sent. */
export interface Basis {
  readonly frame: FrameRef;
  /** Digest of what was pushed of it; null where the file was deleted. */
  readonly digest: Digest | null;
  /** Blob of the file as it was saved. */
  readonly source: Address | null;
}

/** A conflict that nobody has settled yet. */
export interface OpenConflict {
  readonly resource: string;
  /** The frame that holds it, as a value of its data. */
  readonly frame: Address;
  /** What was on the disk here, and what was in place at the relay. */
  readonly ours: FrameRef;
  readonly theirs: FrameRef;
  /** Who pushed that. */
  readonly by: string | undefined;
  /** Other files that were saved with it, and wait for it. */
  readonly together: readonly string[];
}

/**
 * What the files of a project's folder are based on, in one environment behind one relay, and which conflicts are open. It
 * outlives the process, and is shared by all that run in the folder.
 */
export class WorkingCopy implements Disposable {
  readonly #database: DatabaseSync;
  readonly #environment: string;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync, environment: string) {
    this.#database = database;
    this.#environment = environment;
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000;');
    database.exec(schema);
  }

  basis(resource: string): Basis | undefined {
    return this.#read('basis', resource);
  }

  /** What the file is based on if what was sent last was accepted, which nobody has heard. */
  sent(resource: string): Basis | undefined {
    return this.#read('sent', resource);
  }

  /** What was sent before was heard of, or is of another time. */
  setBasis(resource: string, basis: Basis): void {
    this.#prepared("DELETE FROM frames WHERE environment = ? AND resource = ? AND kind = 'sent'").run(
      this.#environment,
      resource,
    );
    this.#write('basis', resource, basis);
  }

  setSent(resource: string, sent: Basis): void {
    this.#write('sent', resource, sent);
  }

  /** Many at once, as at the start. */
  setAll(bases: ReadonlyMap<string, Basis>): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      for (const [resource, basis] of bases) this.setBasis(resource, basis);
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /** Nothing is known any more of what the file is based on. */
  forget(resource: string): void {
    this.#prepared('DELETE FROM frames WHERE environment = ? AND resource = ?').run(
      this.#environment,
      resource,
    );
  }

  conflict(resource: string): OpenConflict | undefined {
    const row = this.#prepared('SELECT said FROM conflicts WHERE environment = ? AND resource = ?').get(
      this.#environment,
      resource,
    );
    return row === undefined ? undefined : readConflict(resource, row['said']);
  }

  conflicts(): readonly OpenConflict[] {
    return this.#prepared('SELECT resource, said FROM conflicts WHERE environment = ? ORDER BY resource')
      .all(this.#environment)
      .flatMap(({ resource, said }) => readConflict(String(resource), said) ?? []);
  }

  setConflict({ resource, ...said }: OpenConflict): void {
    this.#prepared('INSERT OR REPLACE INTO conflicts (environment, resource, said) VALUES (?, ?, ?)').run(
      this.#environment,
      resource,
      JSON.stringify(said),
    );
  }

  settle(resource: string): void {
    this.#prepared('DELETE FROM conflicts WHERE environment = ? AND resource = ?').run(
      this.#environment,
      resource,
    );
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  /** Each is understood once: they are on the way of every save. */
  #prepared(sql: string): StatementSync {
    const known = this.#statements.get(sql) ?? this.#database.prepare(sql);
    this.#statements.set(sql, known);
    return known;
  }

  #read(kind: Kind, resource: string): Basis | undefined {
    const row = this.#prepared(
      'SELECT address, timeline, height, digest, source FROM frames WHERE environment = ? AND resource = ? AND kind = ?',
    ).get(this.#environment, resource, kind);
    return row === undefined ? undefined : readBasis(row);
  }

  #write(kind: Kind, resource: string, { frame, digest, source }: Basis): void {
    this.#prepared(
      'INSERT OR REPLACE INTO frames (environment, resource, kind, address, timeline, height, digest, source) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    ).run(this.#environment, resource, kind, frame.address, frame.timeline, frame.height, digest, source);
  }
}

type Kind = 'basis' | 'sent';

const schema = `
  CREATE TABLE IF NOT EXISTS frames (
    environment TEXT NOT NULL, resource TEXT NOT NULL, kind TEXT NOT NULL,
    address TEXT NOT NULL, timeline TEXT NOT NULL, height INTEGER NOT NULL, digest TEXT, source TEXT,
    PRIMARY KEY (environment, resource, kind)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS conflicts (
    environment TEXT NOT NULL, resource TEXT NOT NULL, said TEXT NOT NULL,
    PRIMARY KEY (environment, resource)
  ) STRICT;
`;

/**
 * @param folder which is made where there is none. Several working copies of a project may share it.
 * @param root of the project's files.
 */
export const openWorkingCopy = async (
  folder: string,
  { root, environment }: Pick<Settings, 'root' | 'environment'>,
): Promise<WorkingCopy> => {
  // Loaded here alone: not every command keeps something.
  const { DatabaseSync: Database } = await import('node:sqlite');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return new WorkingCopy(new Database(join(folder, `${nameOf(root)}.sqlite`)), environment);
};

const nameOf = (root: string): string =>
  `working-copy-${createHash('sha256').update(root).digest('hex').slice(0, 16)}`;

/** What was damaged on the disk is taken for not known. */
const readBasis = (row: Readonly<Record<string, unknown>>): Basis | undefined => {
  const { address, timeline, height, digest, source } = row;
  if (typeof address !== 'string' || typeof timeline !== 'string' || typeof height !== 'number')
    return undefined;
  const frame = frameRefOf({ address, timeline, height });
  if (frame === undefined) return undefined;
  return {
    frame,
    digest: typeof digest === 'string' ? branded<Digest>(digest) : null,
    source: isAddress(source) ? source : null,
  };
};

const readConflict = (resource: string, said: unknown): OpenConflict | undefined => {
  const value: unknown = typeof said === 'string' ? JSON.parse(said) : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  const { frame, ours, theirs, by, together }: Partial<Record<string, unknown>> = { ...value };
  const [oursRef, theirsRef] = [readRef(ours), readRef(theirs)];
  if (!isAddress(frame) || oursRef === undefined || theirsRef === undefined) return undefined;
  return {
    resource,
    frame,
    ours: oursRef,
    theirs: theirsRef,
    by: typeof by === 'string' ? by : undefined,
    together: Array.isArray(together) ? together.filter((one) => typeof one === 'string') : [],
  };
};

const readRef = (value: unknown): FrameRef | undefined => {
  if (typeof value !== 'object' || value === null) return undefined;
  const { address, timeline, height }: Partial<Record<string, unknown>> = { ...value };
  return typeof address === 'string' && typeof timeline === 'string' && typeof height === 'number'
    ? frameRefOf({ address, timeline, height })
    : undefined;
};
