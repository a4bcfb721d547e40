import { Ahead, type Decision } from '../journal/ahead.ts';
import { outlives } from '../journal/group.ts';
import { contentsOf, patchesOf } from '../journal/patches.ts';
import type { Taking, TakingParts } from '../journal/taking.ts';
import type { Committed, Group } from '../ports/journal.ts';
import { StoreError } from '../ports/store.ts';
import type { Database } from '../statements/database.ts';
import { Statements } from '../statements/statements.ts';
import { ask, tell, type Work } from '../statements/work.ts';
import { groupLogShapes } from './group-log.ts';
import { readGroup, writeGroup } from './logged-group.ts';
import type { SqliteDatabase } from './sqlite-database.ts';
import { sqliteStatements } from './sqlite-statements.ts';

/** Pushes from which on a group is as well written to the tables at once. Moves are not: a track is written once, as it stands. */
const manyOffers = 512;
/**
 * Rows that are to be written, and bytes of the log, from which on the tables follow in the event loop's next turn. Many rows
 * share the pages of an index, which are written once for all of them; that many take some tens of milliseconds.
 */
const rowsAhead = 8_192;
const bytesAhead = 8 * 1024 * 1024;
/** How many times that may be ahead where the tables cannot follow. */
const timesAhead = 8;
/** Otherwise they follow so many milliseconds after the first group that is ahead; and are tried again, where they cannot. */
const aheadMs = 1_000;
const againMs = 1_000;

/**
 * Takes groups in by one row of a log each, which is all that a push waits for; the tables follow in a moment, with whatever
 * came to a push in the meantime in one go. Who reads them has them follow at once, so that nobody sees the difference, and
 * a process that was killed has them follow when the file is opened again. The file belongs to this process, so that nothing
 * changes between the decision and the tables.
 *
 * What holds more than pushes with their contents, moves and rows of the audit goes into the tables at once, and so do many
 * pushes.
 */
export class LoggedGroups implements Taking {
  readonly database: Database;
  readonly #database: SqliteDatabase;
  readonly #parts: TakingParts;
  /** Undefined where nothing outlives the process anyway. */
  readonly #log: GroupLog | undefined;
  readonly #node: string;
  #ahead = new Ahead();
  /** Of the log, as far as it is ahead. */
  #bytes = 0;
  #lastId = 0;
  #timer: NodeJS.Timeout | undefined;
  #again: NodeJS.Timeout | undefined;
  #isAsked = false;
  #isClosed = false;

  constructor(database: SqliteDatabase, node: string, isKept: boolean, parts: TakingParts) {
    this.#database = database;
    this.#node = node;
    this.#parts = parts;
    this.#log = isKept ? groupLog() : undefined;
    this.database = {
      read: async (work) => {
        this.#settle();
        return database.read(work);
      },
      write: async (lives, work) => {
        this.#settle();
        return database.write(lives, work);
      },
      close: async () => {
        // What cannot be written now is there when the file is opened again.
        this.#trySettle();
        this.#isClosed = true;
        clearTimeout(this.#timer);
        clearTimeout(this.#again);
        return database.close();
      },
    };
  }

  /** Has the tables follow what a process logged that did not come to it. */
  replay(): void {
    const log = this.#log;
    if (log === undefined) return;
    const { work, chainsOf } = this.#parts;
    this.#database.writeNow('power', function* () {
      const rows = yield* log.rows();
      const ahead = new Ahead();
      for (const { body } of rows) ahead.add(yield* work.decide(readGroup(body), ahead));
      const [first] = rows;
      if (first === undefined) return;
      yield* work.write(ahead, chainsOf(first.node));
      yield* log.remove(Number.MAX_SAFE_INTEGER);
    });
  }

  async commit(group: Group): Promise<Committed> {
    if (!isPlain(group) || group.offers.length >= manyOffers) {
      this.#settle();
      return this.#database.write(outlives(group), () => this.#parts.work.take(group));
    }
    if (this.#fullness >= timesAhead) this.#settle();
    const decision = this.#decide(group);
    if (!changes(decision)) return decision.committed;
    const isFirst = this.#ahead.position === undefined;
    this.#ahead.add(decision);
    this.#settleLater(isFirst);
    return decision.committed;
  }

  async glance<Value>(work: (ahead: Pick<Ahead, 'head'>) => Work<Value>): Promise<Value> {
    return this.#database.readNow(() => work(this.#ahead));
  }

  #decide(group: Group): Decision {
    const log = this.#log;
    const { work } = this.#parts;
    const ahead = this.#ahead;
    const row = { id: this.#lastId + 1, node: this.#node, body: writeGroup(group) };
    const decision =
      log === undefined
        ? this.#database.readNow(() => work.decide(group, ahead))
        : this.#database.writeNow(outlives(group), function* () {
            const decided = yield* work.decide(group, ahead);
            if (changes(decided)) yield* log.add(row);
            return decided;
          });
    if (changes(decision)) {
      this.#lastId = row.id;
      this.#bytes += row.body.length;
    }
    return decision;
  }

  get #fullness(): number {
    return Math.max(this.#ahead.size / rowsAhead, this.#bytes / bytesAhead);
  }

  #settleLater(isFirst: boolean): void {
    if (this.#fullness >= 1) {
      if (this.#isAsked) return;
      this.#isAsked = true;
      setImmediate(() => {
        this.#isAsked = false;
        this.#trySettle();
      });
    } else if (isFirst) {
      // One timer for good: a push would start one of its own otherwise.
      if (this.#timer === undefined) this.#timer = setTimeout(() => this.#trySettle(), aheadMs).unref();
      else this.#timer.refresh();
    }
  }

  #trySettle(): void {
    if (this.#isClosed) return;
    try {
      this.#settle();
    } catch {
      // Whoever reads is told; what is logged is not lost.
      clearTimeout(this.#again);
      this.#again = setTimeout(() => this.#trySettle(), againMs).unref();
    }
  }

  /** @throws {StoreError} `unreachable` where what is ahead cannot be written, as on a full disk. */
  #settle(): void {
    const ahead = this.#ahead;
    if (ahead.position === undefined) return;
    const log = this.#log;
    const { work } = this.#parts;
    const lastId = this.#lastId;
    try {
      // It is in the log: what is lost here with the power is written when the file is opened again.
      this.#database.writeNow('process', function* () {
        yield* work.write(ahead);
        if (log !== undefined) yield* log.remove(lastId);
      });
    } catch (error) {
      throw new StoreError('unreachable', 'What was taken last cannot be written to the tables now.', {
        cause: error,
      });
    }
    this.#ahead = new Ahead();
    this.#bytes = 0;
  }
}

/** A push that is repeated, and moves that were overtaken, leave nothing to be written. */
const changes = ({ before, position, audit }: Decision): boolean => position !== before || audit.length > 0;

/** Whether a group can be written later than it is decided: it does nothing that could be refused by then. */
const isPlain = ({ offers, presence, departed, gone, policies }: Group): boolean =>
  presence.length + departed.length + gone.length + policies.length === 0 &&
  offers.every(({ push }) => {
    const brought = new Set<string>(push.contents.map(({ digest }) => digest));
    return [...contentsOf(patchesOf(push))].every((digest) => brought.has(digest));
  });

interface GroupLog {
  rows(): Work<readonly { readonly node: string; readonly body: string }[]>;
  add(row: { readonly id: number; readonly node: string; readonly body: string }): Work<void>;
  /** Lets go of the rows up to one. */
  remove(id: number): Work<void>;
}

const groupLog = (): GroupLog => {
  const statements = new Statements(sqliteStatements, groupLogShapes);
  const { tables } = statements;
  const select = statements.one('group-log-select', {}, () =>
    tables.selectFrom('group_log').select(['node', 'body']).orderBy('id'),
  );
  const insert = statements.insertion('group-log-insert', 'group_log');
  const remove = statements.one('group-log-delete', { id: 'integer' }, (input) =>
    tables.deleteFrom('group_log').where('id', '<=', input.id),
  );
  return {
    rows: () => ask(select, {}),
    add: (row) => tell(insert, [row]),
    remove: (id) => tell(remove, [{ id }]),
  };
};
