import {
  advance,
  credentialOf,
  initialized,
  isSettled,
  Progress,
  recipientIdOf,
  type EpochMs,
  type RecipientId,
  type TrackEvent,
} from '@cd-push/protocol';
import type { PushFacts, RecipientTrack, StoredPush } from '@cd-push/store';

import { isFurther } from './further.ts';

export type Move =
  | { readonly outcome: 'advanced'; readonly recipient: RecipientId; readonly track: RecipientTrack }
  | { readonly outcome: 'unchanged' | 'unknown' };

/**
 * An accepted push with what has become of it at every recipient. What {@link tracks} and {@link progress} say is written
 * down; a track that was moved and is not written yet counts for further moves alone, so that nobody is told what a crash
 * would take back.
 */
export class TrackedPush {
  /** Its place in the journal; the order of acceptance. */
  readonly offset: number;
  readonly accepted: PushFacts;
  readonly progress: Progress;
  readonly #tracks = new Map<RecipientId, RecipientTrack>();
  readonly #moved = new Map<RecipientId, RecipientTrack>();
  readonly #told = new Map<RecipientId, RecipientTrack>();
  #unsettled = 0;

  constructor({ offset, facts, tracks }: StoredPush) {
    this.offset = offset;
    this.accepted = facts;
    this.progress = new Progress(facts.initTime);
    for (const [recipient, track] of tracks) {
      this.#tracks.set(recipient, track);
      this.#unsettled += openOf(track);
      this.progress.record(undefined, track.state);
    }
  }

  /** As they are written down, in the order of the recipients. */
  get tracks(): ReadonlyMap<RecipientId, RecipientTrack> {
    return this.#tracks;
  }

  get isOpen(): boolean {
    return this.progress.outcome === 'open';
  }

  /** Recipients where it has not come to an end, as their tracks were moved last. */
  get unsettled(): number {
    return this.#unsettled;
  }

  /**
   * The entry that a recipient's acknowledgements move: its own, or its credential's where no instance of it was
   * connected when the push was accepted, unless another instance has taken that. It stands as it was moved last.
   */
  entryOf(
    recipient: RecipientId,
  ): { readonly recipient: RecipientId; readonly track: RecipientTrack } | undefined {
    const own = this.#latest(recipient);
    if (own !== undefined) return { recipient, track: own };
    const credential = recipientIdOf(credentialOf(recipient));
    const shared = this.#latest(credential);
    const isTaken = shared?.instance !== undefined && shared.instance !== recipient;
    return shared === undefined || isTaken ? undefined : { recipient: credential, track: shared };
  }

  /**
   * Whether the entry that a recipient moves is its credential's, and for one of its instances alone: a notice and an
   * operation have one effect, while every instance needs the files.
   */
  isToBeTakenBy(recipient: RecipientId): boolean {
    const { carries } = this.accepted;
    const entry = this.entryOf(recipient);
    return (
      entry !== undefined &&
      entry.recipient !== recipient &&
      (carries === 'notice' || carries === 'operation')
    );
  }

  /** Whether it is written down that an instance has taken what is owed to its credential. */
  isTakenBy(recipient: RecipientId): boolean {
    return this.#tracks.get(recipientIdOf(credentialOf(recipient)))?.instance === recipient;
  }

  isOpenFor(recipient: RecipientId): boolean {
    const entry = this.entryOf(recipient);
    return entry !== undefined && !isSettled(entry.track.state);
  }

  /** Moves a recipient's track by an event of the attempt that is named; another attempt's changes nothing. */
  move(recipient: RecipientId, attempt: number, event: TrackEvent): Move {
    const entry = this.entryOf(recipient);
    if (entry === undefined) return { outcome: 'unknown' };
    if (entry.track.attempt !== attempt) return { outcome: 'unchanged' };
    const { outcome, state } = advance(entry.track.state, event);
    if (outcome === 'unchanged') return { outcome };
    const instance = this.isToBeTakenBy(recipient) ? recipient : entry.track.instance;
    return this.#move(entry.recipient, { attempt, state, ...(instance === undefined ? {} : { instance }) });
  }

  /** Opens the next attempt where the last one ended; the caller has made sure that it may. */
  open(recipient: RecipientId, at: EpochMs): Move {
    const entry = this.entryOf(recipient);
    if (entry === undefined) return { outcome: 'unknown' };
    if (!isSettled(entry.track.state)) return { outcome: 'unchanged' };
    const { state } = advance(initialized(this.accepted.initTime), { type: 'relayed', at });
    return this.#move(entry.recipient, { attempt: entry.track.attempt + 1, state });
  }

  /**
   * Takes in how a track is written down, by this process or another; what stands here and is further stays.
   *
   * @returns how it was written down before, as far as it was known here.
   */
  written(recipient: RecipientId, track: RecipientTrack): RecipientTrack | undefined {
    const before = this.#tracks.get(recipient);
    this.#change(recipient, () => {
      if (before !== undefined && isFurther(track, before)) {
        this.#tracks.set(recipient, track);
        this.progress.record(before.state, track.state);
      }
      const moved = this.#moved.get(recipient);
      if (moved !== undefined && !isFurther(moved, track)) this.#moved.delete(recipient);
    });
    return before;
  }

  /**
   * Whether a track says more than what was told of it here before; from then on, it was told. What is known is no measure:
   * a query may have read it before it is told, and a move that was written late may be behind what others wrote meanwhile.
   */
  isNews(recipient: RecipientId, track: RecipientTrack): boolean {
    const told = this.#told.get(recipient);
    if (told !== undefined && !isFurther(track, told)) return false;
    this.#told.set(recipient, track);
    return true;
  }

  /** Forgets a move that cannot be written. */
  takeBack(recipient: RecipientId): void {
    this.#change(recipient, () => this.#moved.delete(recipient));
  }

  #latest(recipient: RecipientId): RecipientTrack | undefined {
    return this.#moved.get(recipient) ?? this.#tracks.get(recipient);
  }

  #move(recipient: RecipientId, track: RecipientTrack): Move {
    this.#change(recipient, () => this.#moved.set(recipient, track));
    return { outcome: 'advanced', recipient, track };
  }

  /** Everything that may change a recipient's latest track, so that {@link unsettled} goes with it. */
  #change(recipient: RecipientId, step: () => void): void {
    const before = openOf(this.#latest(recipient));
    step();
    this.#unsettled += openOf(this.#latest(recipient)) - before;
  }
}

const openOf = (track: RecipientTrack | undefined): 0 | 1 =>
  track === undefined || isSettled(track.state) ? 0 : 1;

/** The tracks of a push as the store begins them: what has become of it since is told in its own place of the journal. */
export const tracksAtAcceptance = ({
  recipients,
  initTime,
  acceptedAt,
}: Pick<PushFacts, 'recipients' | 'initTime' | 'acceptedAt'>): ReadonlyMap<RecipientId, RecipientTrack> => {
  const times = { initialized: initTime, relayed: acceptedAt };
  return new Map(
    recipients.map((recipient) => [recipient, { attempt: 1, state: { stage: 'relayed', times } }]),
  );
};
