import { isCdPushEnvelop, isStatement, type ICdPushEnvelop, type Statement } from '@cd-push/protocol';

/**
 * A push that was neither accepted nor refused for good. It is plain JSON, and holds what is pushed but nothing by which
 * anybody could sign in.
 */
export interface OutboxEntry {
  readonly pushGuid: string;
  /** Place in the outbox: of two entries, the one with the higher number was pushed later. */
  readonly order: number;
  /**
   * What was signed last. Where nothing was signed yet, it is what is going to be, but for the versions and predecessors
   * of its patches: they follow from what is in place when its turn comes.
   */
  readonly statement: Statement;
  /**
   * Address of each patched file's source, in the order of the patches; null of one that is deleted. Where it is not what
   * is pushed itself, the envelope's history holds it.
   */
  readonly sources: readonly (string | null)[];
  /** Frames that its patches bring back, in their order; absent where they bring back none. */
  readonly restored?: readonly (string | null)[];
  /** What travels besides: all contents, whole; the signed statement and its certificate, if it was signed. */
  readonly envelope: ICdPushEnvelop;
  /** Null for one that was never signed, and so never sent. */
  readonly signed: {
    /** Session (`initUuid`) that signed it last. */
    readonly session: string;
    /** Of every statement that was signed under this guid, oldest first: the relay may have accepted any of them. */
    readonly digests: readonly string[];
  } | null;
}

/**
 * Where a sender keeps its pushes until the relay has taken them over: a push is kept before it has to wait for anything,
 * or while it is sent for the first time, and let go of when it was accepted or refused for good.
 *
 * Several senders may share one place (two processes and one folder, two tabs and one database). Each opens an outbox of
 * its own there, and what it holds is no other's for as long as it lives: an entry is never sent by two at a time. What a
 * sender leaves behind, by closing or by dying, whoever asks first takes over.
 */
export interface Outbox {
  /**
   * Keeps an entry, in place of the one of the same push. When this resolves, the entry outlasts the end of the process,
   * and of the machine where the place can promise that.
   *
   * @throws Error why it cannot be kept: the disk is full, the outbox was closed.
   */
  put(entry: OutboxEntry): Promise<void>;
  /** Lets go of an entry; one that is not there is no fault. */
  remove(pushGuid: string): Promise<void>;
  /** Takes over what others left behind, and gives everything that is this outbox's now, the earliest first. */
  claim(): Promise<readonly OutboxEntry[]>;
  /** Ends it: nothing more is kept, and what it holds may be taken over. */
  close(): Promise<void>;
}

/** Whether what was read from a place is an entry that this version understands. */
export const isOutboxEntry = (value: unknown): value is OutboxEntry => {
  if (typeof value !== 'object' || value === null) return false;
  if (!('pushGuid' in value && 'order' in value && 'statement' in value && 'envelope' in value)) return false;
  const { pushGuid, order, statement, envelope } = value;
  return (
    Number.isSafeInteger(order) &&
    isStatement(statement) &&
    isCdPushEnvelop(envelope) &&
    statement.pushGuid === pushGuid &&
    envelope.pushData.pushGuid === pushGuid &&
    'sources' in value &&
    isListOfNames(value.sources) &&
    (!('restored' in value) || isListOfNames(value.restored)) &&
    'signed' in value &&
    (value.signed === null || isSigned(value.signed))
  );
};

const isListOfNames = (value: unknown): value is (string | null)[] =>
  Array.isArray(value) && value.every((name) => name === null || typeof name === 'string');

const isSigned = (value: unknown): value is NonNullable<OutboxEntry['signed']> =>
  typeof value === 'object' &&
  value !== null &&
  'session' in value &&
  typeof value.session === 'string' &&
  'digests' in value &&
  Array.isArray(value.digests) &&
  value.digests.every((digest) => typeof digest === 'string');

/** As they were pushed. */
export const inOrder = (entries: readonly OutboxEntry[]): OutboxEntry[] =>
  entries.toSorted((a, b) => a.order - b.order);
