import {
  epochMs,
  limits,
  ok,
  parseJson,
  problemOf,
  recipientIdOf,
  refuse,
  subTypes,
  toCommTrack,
  type CommTrack,
  type EpochMs,
  type ICdPushEnvelop,
  type Problem,
  type PushAnswer,
  type RecipientId,
  type Result,
  type StageTimes,
} from '@cd-push/protocol';
import { digestOf } from '@cd-push/timeline';

import type { Directory } from '../authority/directory.ts';
import { mayPushAtAll, type UserSession } from '../authority/session.ts';
import type { Clock } from '../clock.ts';
import type { TrackChange } from '../journal/follower.ts';
import type { Journal } from '../journal/journal.ts';
import type { TrackedPush } from '../journal/tracked-push.ts';
import { confirm } from '../line/confirm.ts';
import { journalPush } from '../line/journal.ts';
import { parsePush } from '../line/parse.ts';
import { recognise } from '../line/recognise.ts';
import { factsOf, type Log } from '../log.ts';
import type { LegacyObjects } from '../peers/legacy-objects.ts';
import type { Peer } from '../peers/peer.ts';
import type { Peers } from '../peers/peers.ts';
import type { NoticeEvent } from '../tracks/notices.ts';
import type { Tracker } from '../tracks/tracker.ts';
import { addressees, copyOf, ownObjects, renamed, unreachable } from './legacy-envelopes.ts';

/**
 * The dialect of existing Corpdesk clients, translated to and from the line. They send JSON as a string and expect
 * objects, leave `pushGuid` empty, register an object with every message, hear of a message as `push-msg-pushed`, answer
 * it with `msg-received`, and the sender answers that with `msg-completed`. What they send is not signed: it reaches
 * objects that such clients registered, and never a runtime.
 *
 * Each message ends after its handshake: nothing that the relay sends carries the name of an event that asks its reader
 * to answer, but `push-msg-pushed` to the recipient and `push-delivered`, once per recipient, to the sender.
 */
const registrations: ReadonlySet<string> = new Set(['register-client', 'register']);
const receipts = { 'msg-received': 'delivered', 'msg-completed': 'completed' } as const;
/** Said by clients to nobody in particular. */
const echoes: ReadonlySet<string> = new Set(['srv-received', 'msg-relayed', 'msg-pushed']);
const messages: ReadonlySet<string> = new Set([
  'login',
  'send-memo',
  'send-pub',
  'send-react',
  'send-menu',
  'send-notif',
]);
/** Existing clients hear of every message under this name, whichever they sent it under. */
const pushedEvent = 'push-msg-pushed';

interface DialectPorts {
  readonly peers: Peers;
  readonly objects: LegacyObjects;
  readonly directory: Directory;
  readonly journal: Journal;
  readonly tracker: Tracker;
  readonly clock: Clock;
  readonly log: Log;
}

/** A message on its way to one recipient. */
interface Message {
  readonly push: TrackedPush;
  readonly envelope: ICdPushEnvelop;
  readonly recipient: RecipientId;
}

/** Messages whose sender's connection is remembered; others are told where their sender's object or session is now. */
const sendersKept = 10_000;

export class LegacyDialect {
  readonly #ports: DialectPorts;
  /** Connections that messages came over, by their offsets, oldest first. */
  readonly #senders = new Map<number, Peer>();
  /** Envelopes are read one after the other, so that nobody hears of a later stage first. */
  #telling: Promise<void> = Promise.resolve();

  constructor(ports: DialectPorts) {
    this.#ports = ports;
  }

  /** Whether an event belongs to this dialect: its own, or one registered for messages without a statement. */
  speaks(event: string): boolean {
    return (
      registrations.has(event) ||
      Object.hasOwn(receipts, event) ||
      echoes.has(event) ||
      messages.has(event) ||
      this.#ports.directory.trigger(event)?.carries === 'none'
    );
  }

  /** JSON in a string is a message too. */
  static decode(payload: unknown): Result<unknown, Problem> {
    return typeof payload === 'string' ? parseJson(payload) : ok(payload);
  }

  /** Takes one message; `afterwards` sends what follows upon the answer. */
  async receive(
    event: string,
    payload: unknown,
    peer: Peer,
  ): Promise<Result<{ readonly answer: object; readonly afterwards?: () => void }, Problem>> {
    const { session } = peer;
    if (session.kind !== 'user')
      return refuse(problemOf('forbidden', { detail: 'This dialect is for users.' }));
    const envelope = parsePush(event, payload);
    if (!envelope.ok) return envelope;
    if (event === 'msg-received' || event === 'msg-completed') {
      await this.#receipt(event, envelope.value, peer);
      return ok({ answer: { status: true } });
    }
    if (echoes.has(event)) return ok({ answer: { status: true } });
    const own = ownObjects(envelope.value);
    for (const { guid, path } of own) {
      const refused = await this.#ports.objects.register(guid, peer, path);
      if (refused !== undefined) return refuse(refused);
    }
    if (registrations.has(event)) return ok(await this.#registered(envelope.value, peer, session.user, own));
    return this.#send(event, envelope.value, peer);
  }

  leave(peer: Peer): void {
    this.#ports.objects.leave(peer);
  }

  /** Tells the sender in its own words; answers false for pushes of others. */
  notice(push: TrackedPush, event: NoticeEvent, changes: readonly TrackChange[]): boolean {
    if (push.accepted.carries !== 'none') return false;
    switch (event) {
      case 'push-msg-relayed': {
        const { commTrack } = push.progress;
        this.#tellLater(push, ({ peer, envelope }) => tell(peer, envelope, event, 'msg-relayed', commTrack));
        return true;
      }
      case 'push-delivered':
      case 'push-msg-completed':
        for (const { track, before } of changes) {
          // Once per recipient, whichever of the two is heard of first.
          const known: StageTimes | undefined = before?.state.times;
          if (known?.delivered !== undefined) continue;
          const commTrack = toCommTrack(track.state.times);
          this.#tellLater(push, ({ peer, envelope }) =>
            tell(peer, envelope, 'push-delivered', 'msg-received', commTrack),
          );
        }
        return true;
      case 'push-msg-pushed':
        // To these clients that name means: a message for you.
        return true;
      case 'push-msg-superseded':
        // Their messages have no versions; none takes another's place.
        return true;
      case 'push-msg-failed': {
        const detail = 'A message found its recipient absent to the end.';
        this.#tellLater(push, ({ peer }) => peer.outlet.emit('problem', problemOf('expired', { detail })));
        return true;
      }
      default:
        return event satisfies never;
    }
  }

  #tellLater(
    push: TrackedPush,
    say: (to: { readonly peer: Peer; readonly envelope: ICdPushEnvelop }) => void,
  ): void {
    this.#telling = this.#tellAfter(this.#telling, push, say);
  }

  async #tellAfter(
    before: Promise<void>,
    push: TrackedPush,
    say: (to: { readonly peer: Peer; readonly envelope: ICdPushEnvelop }) => void,
  ): Promise<void> {
    const { journal, log } = this.#ports;
    await before;
    try {
      const envelope = await journal.store.envelope(push.offset);
      const peer = envelope && this.#reach(push, envelope);
      if (envelope !== undefined && peer !== undefined) say({ peer, envelope });
    } catch (error) {
      log.warn(factsOf(error), 'A sender could not be told how far a message has come.');
    }
  }

  async #registered(
    envelope: ICdPushEnvelop,
    peer: Peer,
    user: UserSession['user'],
    own: readonly { readonly guid: string }[],
  ): Promise<{ answer: object; afterwards: () => void }> {
    const { pushData } = envelope;
    const { clock, journal } = this.#ports;
    const at = clock.now();
    const { tenant } = peer.session;
    const copy = copyOf(envelope, user);
    const missed = await Promise.all(own.map(({ guid }) => this.#missedBy(guid, tenant, journal)));
    return {
      answer: { status: true },
      afterwards: () => {
        peer.outlet.emit('push-registered-client', {
          ...copy,
          pushData: {
            ...copy.pushData,
            appSockets: [
              ...(pushData.appSockets ?? []).filter(({ name }) => name !== 'appInit'),
              { socketId: peer.id, name: 'appInit', socketGuid: own[0]?.guid ?? null },
            ],
            isAppInit: true,
            triggerEvent: pushData.triggerEvent,
            emittEvent: 'push-registered-client',
            commTrack: { ...pushData.commTrack, relayed: true, relayTime: at },
          },
        });
        for (const message of missed.flat()) this.#emit(message, peer);
      },
    };
  }

  /** Messages that were accepted while nobody was connected under the guid; what was written to a socket is not repeated. */
  async #missedBy(guid: string, tenant: string, journal: Journal): Promise<Message[]> {
    const object = this.#ports.objects.find(tenant, guid);
    if (object === undefined) return [];
    const recipient = recipientIdOf(object.guid);
    const missed: Message[] = [];
    for await (const push of journal.openFor(tenant, recipient)) {
      const stage = push.entryOf(recipient)?.track.state.stage;
      if (push.accepted.carries !== 'none' || stage !== 'relayed') continue;
      const envelope = await journal.store.envelope(push.offset);
      if (envelope !== undefined) missed.push({ push, envelope, recipient });
    }
    return missed;
  }

  async #send(
    event: string,
    envelope: ICdPushEnvelop,
    peer: Peer,
  ): Promise<Result<{ answer: PushAnswer; afterwards: () => void }, Problem>> {
    const { objects, journal, clock, log } = this.#ports;
    const { session } = peer;
    if (!mayPushAtAll(session)) {
      return refuse(problemOf('forbidden', { detail: 'Only a developer’s or admin’s session may push.' }));
    }
    const { pushData } = envelope;
    const addressed = addressees(pushData.pushRecepients);
    if (!addressed.ok) return addressed;
    const digest = await digestOf(
      JSON.stringify([event, pushData.m ?? null, addressed.value.map(({ guid }) => guid)]),
    );
    const pushGuid = pushData.pushGuid === '' ? crypto.randomUUID() : pushData.pushGuid;
    const first = await journal.find(session.tenant, pushGuid);
    if (first !== undefined) return answerAgain(recognise(first, digest));

    const known = addressed.value.map(({ guid, path }) => ({
      path,
      object: objects.find(session.tenant, guid),
    }));
    const recipients = new Set(
      known.flatMap(({ object }) => (object === undefined ? [] : [recipientIdOf(object.guid)])),
    );
    const unknown = known.filter(({ object }) => object === undefined).map(({ path }) => unreachable(path));
    if (recipients.size === 0) return refuse(unknown[0] ?? unreachable('/pushData/pushRecepients'));

    const at = clock.now();
    const kept = copyOf({ ...envelope, pushData: { ...pushData, pushGuid } }, session.user);
    const appended = await journalPush(
      {
        tenant: session.tenant,
        pushGuid,
        digest,
        carries: 'none',
        trigger: event,
        emits: messages.has(event)
          ? pushedEvent
          : (this.#ports.directory.trigger(event)?.emits ?? pushedEvent),
        environment: '',
        sender: { subject: session.subject, session: session.id },
        initTime: epochMs(Math.min(pushData.commTrack.initTime ?? at, at)),
        acceptedAt: at,
        deliverBy: epochMs(at + limits.deliverWithinMs),
        signed: undefined,
        recipients: [...recipients],
        frames: [],
        envelope: kept,
        contents: [],
      },
      [],
      undefined,
      journal,
      log,
    );
    if (!appended.ok) return appended;
    switch (appended.value.outcome) {
      case 'repeated':
        return answerAgain(recognise(appended.value.push, digest));
      case 'misfit':
        return refuse(problemOf('internal'));
      case 'appended': {
        const { push } = appended.value;
        this.#remember(push, peer);
        for (const recipient of recipients) {
          const to = objects.find(session.tenant, recipient)?.peer;
          if (to !== undefined) this.#emit({ push, envelope: kept, recipient }, to);
        }
        return ok({
          answer: confirm(push, false),
          afterwards: () => {
            for (const problem of unknown) peer.outlet.emit('problem', problem);
          },
        });
      }
      default:
        return appended.value satisfies never;
    }
  }

  #emit({ push, envelope, recipient }: Message, to: Peer): void {
    const { accepted } = push;
    if (!to.outlet.isOpen) return;
    const at = this.#ports.clock.now();
    const commTrack = toCommTrack({ initialized: accepted.initTime, relayed: at, pushed: at });
    to.outlet.emit(accepted.emits, renamed(envelope, 'msg-pushed', accepted.emits, commTrack, false));
    this.#ports.tracker.moveLatest(push, recipient, { type: 'pushed', at });
  }

  #remember({ offset }: TrackedPush, peer: Peer): void {
    this.#senders.set(offset, peer);
    for (const oldest of this.#senders.keys()) {
      if (this.#senders.size <= sendersKept) return;
      this.#senders.delete(oldest);
    }
  }

  /** A recipient's receipt moves its own track; the sender's `msg-completed` those that were delivered. */
  async #receipt(event: keyof typeof receipts, { pushData }: ICdPushEnvelop, peer: Peer): Promise<void> {
    const { journal, tracker, objects, clock } = this.#ports;
    const push = await journal.find(peer.session.tenant, pushData.pushGuid);
    if (push === undefined || push.accepted.carries !== 'none') return;
    const at: EpochMs = clock.now();
    const type = receipts[event];
    const isSender = push.accepted.sender.session === peer.session.id;
    for (const recipient of push.tracks.keys()) {
      const stage = push.entryOf(recipient)?.track.state.stage;
      const isRecipient =
        objects.isOf(recipient, peer) && objects.find(peer.session.tenant, recipient)?.peer === peer;
      const closes = isSender && type === 'completed' && stage === 'delivered';
      if (isRecipient || closes) tracker.moveLatest(push, recipient, { type, at });
    }
  }

  /** The connection under which the sender's object is reached now, or the one that it sent from, or one of its session. */
  #reach({ accepted, offset }: TrackedPush, { pushData }: ICdPushEnvelop): Peer | undefined {
    const { objects, peers } = this.#ports;
    const sender = pushData.pushRecepients.find(({ subTypeId }) => subTypeId === subTypes.sender);
    const guid = sender?.cdObjId?.resourceGuid ?? '';
    const object = guid === '' ? undefined : objects.find(accepted.tenant, guid)?.peer;
    const [ofSession] = peers.ofSession(accepted.sender.session);
    return object ?? this.#senders.get(offset) ?? ofSession;
  }
}

const tell = (
  peer: Peer,
  envelope: ICdPushEnvelop,
  event: string,
  trigger: string,
  commTrack: CommTrack,
): void => peer.outlet.emit(event, renamed(envelope, trigger, event, commTrack, true));

const answerAgain = (
  recognised: Result<TrackedPush, Problem>,
): Result<{ answer: PushAnswer; afterwards: () => void }, Problem> =>
  recognised.ok ? ok({ answer: confirm(recognised.value, true), afterwards: () => {} }) : recognised;
