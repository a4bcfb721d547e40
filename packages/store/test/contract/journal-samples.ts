import {
  advance,
  branded,
  epochMs,
  freshCommTrack,
  recipientIdOf,
  type AuditEntry,
  type EpochMs,
  type PatchHead,
  type RecipientId,
  type ResourceGuid,
  type TrackEvent,
  type TrackState,
} from '@cd-push/protocol';

import type {
  AcceptedPush,
  Committed,
  Group,
  JournalStore,
  Offer,
  PushQuery,
  StoredPush,
  TrackMove,
} from '../../src/index.ts';

export type OpenJournal = (options?: {
  readonly node?: string;
  readonly now?: () => EpochMs;
}) => Promise<JournalStore>;

export const place = { tenant: 'acme', environment: 'development' };
export const acceptedAt = epochMs(1_000_000);
export const deliverBy = epochMs(2_000_000);

export const recipient = (guid: string, instance?: string): RecipientId =>
  recipientIdOf(branded<ResourceGuid>(guid), instance);

/** The next version of a resource upon the content of another; its content is `<resource>@<version>`. */
export const patch = (
  resource: string,
  version: number,
  predecessor: string | null,
  more: Partial<PatchHead> = {},
): PatchHead =>
  ({
    resource,
    componentType: 'module',
    change: 'put',
    version,
    predecessor,
    digest: `${resource}@${version}`,
    bytes: 1,
    ...more,
  }) as PatchHead;

export const accepted = (patches: readonly PatchHead[], more: Partial<AcceptedPush> = {}): AcceptedPush => {
  const pushGuid = crypto.randomUUID();
  const signed = {
    statement: `statement of ${patches.map(({ version }) => version).join()}`,
    certificate: 'certificate of Ada',
    session: 'session-1',
    patches,
  };
  return {
    ...place,
    pushGuid,
    digest: `digest of ${signed.statement}`,
    carries: 'patch',
    trigger: 'dev-sync-init',
    emits: 'apply-runtime-patch',
    sender: { subject: 'ada', session: 'session-1' },
    initTime: epochMs(acceptedAt - 10),
    acceptedAt,
    deliverBy,
    signed,
    recipients: [recipient('r')],
    frames: patches.map(() => null),
    envelope: {
      pushData: {
        pushGuid,
        pushRecepients: [],
        triggerEvent: 'dev-sync-init',
        emittEvent: 'apply-runtime-patch',
        statement: signed.statement,
        certificate: signed.certificate,
        acceptance: 'acceptance',
        relayCertificate: 'certificate of the relay',
        commTrack: freshCommTrack(acceptedAt - 10),
      },
      req: null,
      resp: null,
    },
    contents: patches.flatMap(({ digest }) =>
      digest === null ? [] : [{ digest, body: `content ${digest}` }],
    ),
    ...more,
  };
};

export const auditEntry = (more: Partial<AuditEntry> = {}): AuditEntry => ({
  at: acceptedAt,
  event: 'accepted',
  who: { subject: 'ada', session: 'session-1' },
  outcome: 'ok',
  ...more,
});

export const offerOf = (push: AcceptedPush): Offer => ({
  push,
  audit: auditEntry({ pushGuid: push.pushGuid }),
});

const empty: Group = {
  offers: [],
  moves: [],
  presence: [],
  departed: [],
  gone: [],
  policies: [],
  audit: [],
};

export const commit = (journal: JournalStore, group: Partial<Group>): Promise<Committed> =>
  journal.commit({ ...empty, ...group });

/** Offers pushes in one group. */
export const offer = async (
  journal: JournalStore,
  ...pushes: readonly AcceptedPush[]
): Promise<Committed['offers']> => (await commit(journal, { offers: pushes.map(offerOf) })).offers;

/** Offers a push that has to be taken, and answers it as it is stored. */
export const append = async (journal: JournalStore, push: AcceptedPush): Promise<StoredPush> => {
  const [taken] = await offer(journal, push);
  if (taken?.outcome !== 'appended') throw new Error(`The push was not taken but ${taken?.outcome}.`);
  const [stored] = await journal.at([taken.offset]);
  return stored!;
};

/** How a recipient's track stands after an event, or after several of them. */
export const moveOf = (push: StoredPush, to: RecipientId, ...events: readonly TrackEvent[]): TrackMove => {
  const { attempt, state } = push.tracks.get(to)!;
  const moved = events.reduce((before: TrackState, event) => advance(before, event).state, state);
  return { push: push.offset, recipient: to, track: { attempt, state: moved } };
};

export const completed = (at: number = acceptedAt + 1): TrackEvent => ({
  type: 'completed',
  at: epochMs(at),
});
export const pushed = (at: number = acceptedAt + 1): TrackEvent => ({ type: 'pushed', at: epochMs(at) });

/** Completes a push at all its recipients. */
export const settle = (journal: JournalStore, push: StoredPush): Promise<Committed> =>
  commit(journal, { moves: push.facts.recipients.map((to) => moveOf(push, to, completed())) });

/** All pushes that fit a query, up to its limit, as they stand. */
export const listed = async (
  journal: JournalStore,
  { limit, ...query }: PushQuery,
): Promise<StoredPush[]> => {
  const offsets: number[] = [];
  for (let { before } = query; offsets.length < limit;) {
    const { pushes, next } = await journal.list({ ...query, before, limit: limit - offsets.length });
    offsets.push(...pushes.map(({ offset }) => offset));
    if (next === undefined) break;
    before = next;
  }
  return (await journal.at(offsets)).toReversed();
};
