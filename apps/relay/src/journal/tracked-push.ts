import {
  advance,
  credentialOf,
  initialized,
  isSettled,
  Progress,
  recipientIdOf,
  type EpochMs,
  type ICdPushEnvelop,
  type PatchContent,
  type PatchHead,
  type RecipientId,
  type TrackEvent,
  type TrackState,
  type Trigger,
} from '@cd-push/protocol';

/** What was signed, as it travels, and the session that signed it. */
interface SignedParts {
  readonly statement: string;
  readonly certificate: string;
  /** Session of the certificate; its revocation takes back what it signed. */
  readonly session: string;
  readonly patches: readonly PatchHead[];
}

/** The heavy part of a push, kept while somebody may still be sent it. */
export interface PushBody {
  /** What recipients get, but for its track, which is stamped when it is emitted. Holds no secret. */
  readonly envelope: ICdPushEnvelop;
  /** Contents in the order of the patches, always whole: a delta was applied when it was accepted. */
  readonly contents: readonly PatchContent[];
}

/** What is known of a push for as long as anybody may ask. */
export interface PushFacts {
  readonly tenant: string;
  readonly pushGuid: string;
  /** Names exactly what was sent: digest of the statement, or of what an existing client sent in place of one. */
  readonly digest: string;
  readonly carries: Trigger['carries'];
  readonly trigger: string;
  /** Event under which recipients hear it. */
  readonly emits: string;
  readonly environment: string;
  readonly sender: { readonly subject: string; readonly session: string };
  readonly initTime: EpochMs;
  readonly acceptedAt: EpochMs;
  readonly deliverBy: EpochMs;
  /** Undefined for messages of existing clients. */
  readonly signed: SignedParts | undefined;
  /** Frozen at acceptance. */
  readonly recipients: readonly RecipientId[];
}

/** A push as the line accepted it; everything in it may be written down. */
export interface AcceptedPush extends PushFacts {
  readonly body: PushBody;
}

/** One recipient's latest attempt. */
export interface RecipientTrack {
  readonly attempt: number;
  readonly state: TrackState;
}

export type Move =
  | { readonly outcome: 'advanced'; readonly recipient: RecipientId; readonly track: RecipientTrack }
  | { readonly outcome: 'unchanged' | 'unknown' };

/** An accepted push with what has become of it at every recipient. */
export class TrackedPush {
  readonly accepted: PushFacts;
  /** Order of acceptance within this relay. */
  readonly order: number;
  readonly progress: Progress;
  readonly #tracks = new Map<RecipientId, RecipientTrack>();
  #body: PushBody | undefined;

  constructor({ body, ...facts }: AcceptedPush, order: number) {
    const accepted: PushFacts = facts;
    this.accepted = accepted;
    this.order = order;
    this.#body = body;
    this.progress = new Progress(accepted.initTime);
    for (const recipient of accepted.recipients) {
      const state = initialized(accepted.initTime);
      this.#tracks.set(recipient, { attempt: 1, state });
      this.progress.record(undefined, state);
    }
  }

  /** Undefined after {@link release}. */
  get body(): PushBody | undefined {
    return this.#body;
  }

  /** Sets the body free once nobody will be sent it again. */
  release(): void {
    this.#body = undefined;
  }

  get tracks(): ReadonlyMap<RecipientId, RecipientTrack> {
    return this.#tracks;
  }

  get isOpen(): boolean {
    return this.progress.outcome === 'open';
  }

  /**
   * The entry that a recipient's acknowledgements move: its own, or its credential's where no instance of it was
   * connected when the push was accepted.
   */
  entryOf(
    recipient: RecipientId,
  ): { readonly recipient: RecipientId; readonly track: RecipientTrack } | undefined {
    const own = this.#tracks.get(recipient);
    if (own !== undefined) return { recipient, track: own };
    const credential = recipientIdOf(credentialOf(recipient));
    const shared = this.#tracks.get(credential);
    return shared === undefined ? undefined : { recipient: credential, track: shared };
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
    const track = { attempt, state };
    this.#tracks.set(entry.recipient, track);
    this.progress.record(entry.track.state, state);
    return { outcome: 'advanced', recipient: entry.recipient, track };
  }
}
