import { createHash, randomUUID } from 'node:crypto';

import {
  advance,
  branded,
  digestFrom,
  epochMs,
  freshCommTrack,
  initialized,
  type AuditEntry,
  type Digest,
  type EpochMs,
  type RecipientId,
} from '@cd-push/protocol';
import type { AcceptedPush, Group, JournalStore, TrackMove } from '@cd-push/store';

import { environment } from '../participants/installation.ts';
import { sampleText } from '../push/sample-text.ts';

const perGroup = 1_000;
/** Files that the pushes go round by, so that each has a history. */
const files = 2_000;
const everyMs = 100;
/** Not the one that is measured, whose runtimes would be sent what is in place. */
const otherModule = 'earlier';

/** Fills a journal with pushes of 1 KiB to recipients that completed each, as a relay would have written them. */
export const fillJournal = async (
  journal: Pick<JournalStore, 'commit'>,
  count: number,
  recipientsOfEach = 1,
): Promise<void> => {
  const recipients = Array.from({ length: recipientsOfEach }, (_, index) =>
    branded<RecipientId>(`${randomUUID()}#bench-${index}`),
  );
  const heads = new Map<string, Digest>();
  // The last of them is a moment old when the measuring begins.
  const first = Date.now() - count * everyMs;
  for (let written = 0; written < count; written += perGroup) {
    const pushes = Array.from({ length: Math.min(perGroup, count - written) }, (_, index) =>
      pushOf(written + index, epochMs(first + (written + index) * everyMs), heads, recipients),
    );
    const { offers } = await journal.commit({
      ...nothing,
      offers: pushes.map((push) => ({ push, audit: acceptedRow(push) })),
    });
    const moves = offers.flatMap((taken, index): TrackMove[] => {
      const push = pushes[index];
      if (taken.outcome !== 'appended' || push === undefined)
        throw new Error(`The journal did not take a push: ${JSON.stringify(taken)}.`);
      return completed(taken.offset, push);
    });
    await journal.commit({ ...nothing, moves });
  }
};

const nothing: Group = {
  offers: [],
  moves: [],
  presence: [],
  departed: [],
  gone: [],
  policies: [],
  audit: [],
};
const sender = { subject: 'earlier-sender', session: randomUUID() };
const jws = (name: string, length: number): string => `${name}.${'a'.repeat(length)}.b`;

const pushOf = (
  index: number,
  at: EpochMs,
  heads: Map<string, Digest>,
  recipients: readonly RecipientId[],
): AcceptedPush => {
  const resource = `/${otherModule}/src/${index % files}.css`;
  const text = sampleText(1_024, index);
  const digest = digestFrom(createHash('sha256').update(text).digest('base64url'));
  const predecessor = heads.get(resource) ?? null;
  heads.set(resource, digest);
  const pushGuid = randomUUID();
  const patch = {
    resource,
    componentType: 'style',
    change: 'put',
    version: at,
    predecessor,
    digest,
    bytes: text.length,
  } as const;
  return {
    tenant: 'default',
    pushGuid,
    digest: digestFrom(createHash('sha256').update(pushGuid).digest('base64url')),
    carries: 'patch',
    trigger: 'cli',
    emits: 'apply-runtime-patch',
    environment,
    sender,
    initTime: at,
    acceptedAt: at,
    deliverBy: epochMs(at + 7 * 24 * 60 * 60 * 1000),
    signed: {
      statement: jws(`statement-${index}`, 800),
      certificate: jws('certificate', 700),
      session: sender.session,
      patches: [patch],
    },
    recipients,
    envelope: {
      pushData: {
        pushGuid,
        pushRecepients: [],
        triggerEvent: 'cli',
        emittEvent: 'apply-runtime-patch',
        commTrack: freshCommTrack(at),
      },
      req: null,
      resp: null,
    },
    frames: [],
    contents: [{ digest, body: text }],
  };
};

const acceptedRow = ({ acceptedAt, pushGuid, digest, recipients }: AcceptedPush): AuditEntry => ({
  at: acceptedAt,
  event: 'accepted',
  who: sender,
  outcome: 'ok',
  pushGuid,
  digest,
  targets: [...recipients],
});

const completed = (push: number, { initTime, acceptedAt, recipients }: AcceptedPush): TrackMove[] => {
  const { state } = advance(initialized(initTime), { type: 'completed', at: acceptedAt });
  return recipients.map((recipient) => ({ push, recipient, track: { attempt: 1, state } }));
};
