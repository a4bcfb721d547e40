import {
  limits,
  ProblemError,
  problemOf,
  type EpochMs,
  type ICdPushEnvelop,
  type Problem,
  type PushAnswer,
  type Statement,
} from '@cd-push/protocol';
import { utf8, type FrameRef } from '@cd-push/timeline';

import { pause, waitMsAfter, type Backoff } from '../backoff.ts';
import { uploadContent } from '../contents/upload-content.ts';
import { keepEntry, NotKept } from '../outbox/keep-entry.ts';
import type { Outbox, OutboxEntry } from '../outbox/outbox.ts';
import { problemFrom } from '../problem-from.ts';
import type { Signer } from '../session/access.ts';
import type { Session } from '../session/session.ts';
import { namesOf, predecessorOf } from './encode-patch.ts';
import { fitEnvelope } from './fit-envelope.ts';
import { framePatches } from './frame-patches.ts';
import { noHead, type HeadCache, type KnownHead } from './head-cache.ts';
import { placeStatement, placeStatementAnew } from './place-statement.ts';
import type { PushRequest } from './push-request.ts';
import type { PushedContents } from './pushed-contents.ts';
import { signEntry } from './sign-entry.ts';
import type { SenderConnection } from './sender-connection.ts';

export interface SendingPorts {
  readonly connection: SenderConnection;
  readonly session: Session;
  readonly heads: HeadCache;
  readonly outbox: Outbox;
  /** What was pushed last, where files travel as what differs from it. */
  readonly pushed: PushedContents | undefined;
  /** Aborted when nothing more is to be sent. */
  readonly signal: AbortSignal;
  /** Hears how far the contents are that travel by themselves. */
  readonly onUpload?: PushRequest['onUpload'] | undefined;
  /** Called once it was written to the connection or cannot be for now, and maybe again. */
  readonly onDispatched: () => void;
}

/** What is known of a push before it is sent. */
interface SendingStart {
  readonly isKept: boolean;
  readonly isLeftBehind: boolean;
  /** Those that its patches have already, in their order. */
  readonly frames?: readonly (FrameRef | undefined)[] | undefined;
}

/** How the sending ended. */
export interface Sent {
  readonly answer: PushAnswer;
  /** Whether it was neither accepted nor refused for good: it stays in the outbox, for whoever resumes. */
  readonly isOwed: boolean;
}

const backoff: Backoff = { firstMs: 200, lastMs: 10_000 };
/** A statement that is younger than this arrives while it is fresh, on a slow line too. */
const sendWithinMs = limits.clockSkewMs - 15_000;
/** A relay in which something goes wrong over and over does not get better; what waits behind the push has to go on. */
const internalFailuresAllowed = 8;
/** Clocks are read anew, or contents put there anew, before each. */
const repairsAllowed = 3;

type Tried =
  | { readonly came: 'answer'; readonly answer: PushAnswer }
  | { readonly came: 'failure'; readonly problem: Problem }
  | { readonly came: 'end'; readonly problem: Problem };

/**
 * One push on its way: signed when its turn has come, sent and kept, and sent under the same guid until the relay has
 * accepted it or refused it for good.
 *
 * What was never sent goes to the relay and to the disk at the same time: whoever takes it first, it outlives this process.
 * Until one of them has, nobody is told that it is on its way.
 *
 * Where no answer came, the relay may have taken the push all the same. It recognises what it took by guid and digest, so
 * sending the same once more is safe. Before such a push is signed anew, and before a refusal of it counts, the relay is
 * asked what became of it.
 */
export class Sending {
  readonly #ports: SendingPorts;
  /** Whether it comes out of the outbox of a sender that has ended. */
  readonly #isLeftBehind: boolean;
  #entry: OutboxEntry;
  #isKept: boolean;
  /** Of one that was sent when it was signed: resolves once it is kept, or to why it cannot be. */
  #keeping: Promise<NotKept | undefined> | undefined;
  #isDoubtful: boolean;
  #isUntimely = false;
  /** Of the patches, where they were made here and now, or brought by whoever pushes. */
  #frames: readonly (FrameRef | undefined)[];
  #isStored: boolean;
  /** Whether contents travel whole: the relay has no use for deltas. */
  #isWhole = false;
  #repairs = 0;
  #internalFailures = 0;

  constructor(ports: SendingPorts, entry: OutboxEntry, { isKept, isLeftBehind, frames = [] }: SendingStart) {
    this.#ports = ports;
    this.#frames = frames;
    this.#entry = entry;
    this.#isKept = isKept;
    this.#isLeftBehind = isLeftBehind;
    this.#isDoubtful = entry.signed !== null;
    // Of one that may have been accepted, the relay says if it lacks something.
    this.#isStored = entry.signed !== null;
  }

  /** Sends it until its end, or until the publisher or the connection has ended. Never throws. */
  async run(): Promise<Sent> {
    for (let failures = 0; ; failures += 1) {
      const tried = await this.#try();
      switch (tried.came) {
        case 'answer':
          await this.#keeping;
          await this.#settle(tried.answer);
          return { answer: tried.answer, isOwed: false };
        case 'end':
          await this.#keeping;
          this.#forgetHeads();
          return { answer: { status: false, error: tried.problem }, isOwed: this.#isKept };
        case 'failure': {
          const unkept = await (this.#keeping ?? this.#keepIfNeeded());
          if (unkept !== undefined) {
            this.#forgetHeads();
            return { answer: { status: false, error: unkept.problem }, isOwed: false };
          }
          this.#ports.onDispatched();
          await pause(waitMsAfter(backoff, failures, tried.problem.retryAfter), this.#ports.signal).catch(
            // The next try finds that it is over.
            () => undefined,
          );
          break;
        }
        default:
          tried satisfies never;
      }
    }
  }

  async #try(): Promise<Tried> {
    try {
      const answer = await this.#attempt();
      return answer.status ? { came: 'answer', answer } : await this.#refused(answer.error);
    } catch (error) {
      const tried = this.#thrown(error);
      if (tried !== undefined) return tried;
      // Asking what became of it may go wrong as well, and is tried again then.
      return this.#settleRefusal(problemFrom(error)).catch(
        (other: unknown) => this.#thrown(other) ?? { came: 'failure', problem: problemFrom(other) },
      );
    }
  }

  /** What an error means that did not come as an answer; undefined for a refusal of this push. */
  #thrown(error: unknown): Tried | undefined {
    const { connection, signal } = this.#ports;
    if (signal.aborted) return { came: 'end', problem: closed };
    const problem = problemFrom(error);
    const isOver = error instanceof NotKept || connection.status.state === 'ended' || problem.status === 401;
    if (isOver) return { came: 'end', problem };
    return this.#mayPass(problem) ? { came: 'failure', problem } : undefined;
  }

  async #attempt(): Promise<PushAnswer> {
    const { connection, signal } = this.#ports;
    await connection.opened({ signal });
    const known = await this.#sign();
    if (known !== undefined) return known;
    const { envelope, stored } = fitEnvelope(this.#entry.envelope);
    if (!this.#isStored && stored.length > 0) await this.#store(stored);
    const smaller = await this.#smaller(envelope);
    const answer = connection.push(envelope.pushData.triggerEvent, smaller, { signal });
    this.#keeping = this.#keepIfNeeded().finally(this.#ports.onDispatched);
    return answer;
  }

  async #smaller(envelope: ICdPushEnvelop): Promise<ICdPushEnvelop> {
    const { statement } = this.#entry;
    const { pushData, ...frame } = envelope;
    const { pushed } = this.#ports;
    if (pushed === undefined || this.#isWhole || statement.kind !== 'patch') return envelope;
    const contents = await pushed.smaller(statement.environment, statement.patches, pushData.contents ?? []);
    return { ...frame, pushData: { ...pushData, contents } };
  }

  async #refused(problem: Problem): Promise<Tried> {
    if (await this.#repair(problem)) return { came: 'failure', problem };
    // A person who signs in again may push it after all.
    if (problem.status === 401) return { came: 'end', problem };
    if (this.#mayPass(problem)) {
      this.#isDoubtful = true;
      return { came: 'failure', problem };
    }
    return this.#settleRefusal(problem);
  }

  /** Whatever it is refused for now, it may have been accepted when no answer came; and so it was if its guid is taken. */
  async #settleRefusal(problem: Problem): Promise<Tried> {
    const isInDoubt = this.#isDoubtful || isTakenGuid(problem) || problem.kind === 'unsupported-version';
    const first = isInDoubt ? await this.#ask() : undefined;
    return { came: 'answer', answer: first ?? { status: false, error: problem } };
  }

  /** Signs what is not signed, or too old to be taken. Gives the answer where the relay turns out to have accepted it. */
  async #sign(): Promise<PushAnswer | undefined> {
    const { session } = this.#ports;
    const { signed, statement } = this.#entry;
    if (signed === null) {
      const heads = await this.#headsBelow(statement);
      if (this.#isLeftBehind) this.#requireNothingNewer(statement, heads);
      const { entry, frames } = await framePatches(this.#entry, heads);
      this.#frames = frames.map((frame, index) => frame ?? this.#frames[index]);
      const say = (at: EpochMs): Statement => placeStatement(entry.statement, heads, at);
      const fresh = await signEntry(session, await this.#signer(), entry, say);
      // One that is kept already is there as it was before it was signed.
      if (this.#isKept) await this.#keep(fresh);
      else this.#entry = fresh;
      return undefined;
    }
    const ageMs = Math.abs(session.clock.now() - statement.issuedAt);
    if (!this.#isUntimely && ageMs < sendWithinMs && signed.session === (await this.#signer()).id)
      return undefined;
    const first = this.#isDoubtful ? await this.#ask() : undefined;
    if (first !== undefined) return first;
    const heads = await this.#headsBelow(statement);
    const sayAnew = (at: EpochMs): Statement => placeStatementAnew(statement, heads, at);
    await this.#keep(await signEntry(session, await this.#signer(), this.#entry, sayAnew));
    this.#isUntimely = false;
    return undefined;
  }

  /** The session by which the connection was made, which is another one each time that it comes back. */
  async #signer(): Promise<Signer> {
    const { connection, session } = this.#ports;
    return connection.signer ?? session.signer();
  }

  /** What is in place of whatever its patches follow. */
  async #headsBelow(statement: Statement): Promise<readonly KnownHead[]> {
    if (statement.kind !== 'patch') return [];
    return this.#ports.heads.get(statement.environment, statement.patches.map(predecessorOf));
  }

  /** Nobody knows what one that was left behind was made upon; what others pushed since is not to be undone by it. */
  #requireNothingNewer(statement: Statement, heads: readonly KnownHead[]): void {
    if (statement.kind !== 'patch') return;
    const { environment, patches, issuedAt: madeAt } = statement;
    for (const [index, resource] of patches.map(predecessorOf).entries()) {
      const current = heads[index] ?? noHead;
      if (current.version <= Math.max(madeAt, this.#ports.heads.lastGiven(environment, resource))) continue;
      const detail = 'Something newer was pushed since this was made and left unsent.';
      throw new ProblemError(problemOf('conflict', { resource, current, detail }));
    }
  }

  /** The answer that the push got when it was accepted, or undefined where the relay has none. */
  async #ask(): Promise<PushAnswer | undefined> {
    const { connection, signal } = this.#ports;
    const { pushGuid, signed } = this.#entry;
    try {
      const { push } = await connection.request('get-track', { pushGuid }, { signal });
      if (signed?.digests.includes(push.statement) !== true)
        return { status: false, error: problemOf('conflict', { path: guidPath, detail: takenGuid }) };
      const recipients = push.recipients.map(({ recipient }) => recipient);
      return { status: true, pushGuid, duplicate: true, commTrack: push.commTrack, recipients };
    } catch (error) {
      // Whoever may push it may ask about it: any other refusal says that there is nothing to be told of.
      if (signal.aborted || problemFrom(error).retryable || connection.status.state === 'ended') throw error;
      return undefined;
    }
  }

  /** Mends what a refusal says is wrong here, if that can be. */
  async #repair(problem: Problem): Promise<boolean> {
    if (this.#repairs >= repairsAllowed) return false;
    if (isUntimely(problem)) {
      const { session } = this.#ports;
      // What seemed fresh here and not there: this machine's clock was set since it was held against theirs.
      await session.renew((await session.access()).token);
      this.#isUntimely = true;
    } else if (isOfAnotherSession(problem) && this.#entry.signed?.session !== (await this.#signer()).id) {
      // The connection came back between signing and sending; the next try signs by its new session.
    } else if (lacksContent(problem) && fitEnvelope(this.#entry.envelope).stored.length > 0) {
      this.#isStored = false;
    } else if (isUnfit(problem) && this.#ports.pushed !== undefined && !this.#isWhole) {
      // The relay has not, or no longer, what a delta was taken upon.
      this.#isWhole = true;
    } else {
      return false;
    }
    this.#repairs += 1;
    return true;
  }

  async #store(contents: readonly (string | Uint8Array<ArrayBuffer>)[]): Promise<void> {
    const { connection, session, signal, onUpload } = this.#ports;
    const place = { relayUrl: connection.relayUrl, session, signal };
    const pieces = contents.map((content) => (typeof content === 'string' ? utf8(content) : content));
    const bytesInAll = pieces.reduce((sum, { length }) => sum + length, 0);
    let bytes = 0;
    // It takes its time.
    if (!this.#isKept) await this.#keep(this.#entry);
    this.#ports.onDispatched();
    for (const piece of pieces) {
      onUpload?.({ bytes, bytesInAll });
      await uploadContent(place, piece);
      bytes += piece.length;
    }
    onUpload?.({ bytes, bytesInAll });
    this.#isStored = true;
  }

  /** Gives why it cannot be kept. */
  async #keepIfNeeded(): Promise<NotKept | undefined> {
    try {
      if (!this.#isKept) await this.#keep(this.#entry);
      return undefined;
    } catch (error) {
      return error instanceof NotKept ? error : new NotKept(error);
    }
  }

  async #keep(entry: OutboxEntry): Promise<void> {
    await keepEntry(this.#ports.outbox, entry);
    this.#entry = entry;
    this.#isKept = true;
  }

  async #settle(answer: PushAnswer): Promise<void> {
    const { heads, outbox } = this.#ports;
    const { statement, pushGuid } = this.#entry;
    if (answer.status && statement.kind === 'patch') {
      for (const patch of statement.patches) heads.give(statement.environment, namesOf(patch), patch.version);
    }
    if (answer.status && !answer.duplicate && statement.kind === 'patch') {
      for (const [index, { resource, from, version, digest }] of statement.patches.entries()) {
        const frame = this.#frames[index];
        if (frame === undefined) heads.forget(statement.environment, [resource]);
        else
          heads.set(statement.environment, resource, {
            version,
            digest,
            frame: { ...frame, isElsewhere: false },
          });
        if (from !== undefined) heads.forget(statement.environment, [from]);
      }
      const { contents = [] } = this.#entry.envelope.pushData;
      this.#ports.pushed?.keep(statement.environment, statement.patches, contents);
    } else {
      this.#forgetHeads();
    }
    // What cannot be let go of is sent once more by whoever resumes, and the relay recognises it.
    if (this.#isKept) await outbox.remove(pushGuid).catch(() => undefined);
  }

  /** Whatever was refused, and whatever an unanswered push did: what is in place is asked for again. */
  #forgetHeads(): void {
    const { statement } = this.#entry;
    if (statement.kind !== 'patch') return;
    this.#ports.heads.forget(statement.environment, statement.patches.flatMap(namesOf));
  }

  #mayPass({ kind, retryable }: Problem): boolean {
    if (kind === 'internal') this.#internalFailures += 1;
    return retryable && this.#internalFailures <= internalFailuresAllowed;
  }
}

const guidPath = '/pushData/pushGuid';
const takenGuid = 'Another push was accepted under this pushGuid. A new push needs a new one.';
const closed = problemOf('unavailable', {
  detail: 'The publisher was closed before the relay had answered.',
});

const isTakenGuid = ({ kind, path }: Problem): boolean => kind === 'conflict' && path === guidPath;
const isUntimely = ({ kind, path }: Problem): boolean =>
  kind === 'bad-signature' && path === '/pushData/statement/issuedAt';
const isOfAnotherSession = ({ kind, path }: Problem): boolean =>
  kind === 'bad-certificate' && path === '/pushData/certificate';
const isUnfit = ({ kind, path = '' }: Problem): boolean =>
  kind === 'bad-signature' && path.startsWith('/pushData/contents');
const lacksContent = ({ kind, path = '' }: Problem): boolean =>
  kind === 'not-found' && path.startsWith('/pushData/contents');
