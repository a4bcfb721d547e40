import { branded, epochMs, type ICdPushEnvelop, type RecipientId } from '@cd-push/protocol';

import type {
  AcceptedPush,
  ListedPush,
  PushFacts,
  RecipientTrack,
  SignedParts,
  StoredPush,
} from '../ports/push.ts';
import { readCarries } from '../sql/columns.ts';
import { textDigest } from '../text-digest.ts';
import { readJson, writeJson } from './json-columns.ts';
import { rankOf } from './ranks.ts';
import type { JournalTables, PushRow } from './tables.ts';

/** What stands in an envelope's member, which no JWS is, where the same text is kept beside the envelope. */
const keptBeside = '';

const textRow = (text: string, used_at: number): JournalTables['texts'] => ({
  digest: textDigest(text),
  used_at,
  text,
});

/** A push as its row, and the texts that it shares with others. */
export const pushRow = (
  push: AcceptedPush,
  position: number,
): { readonly row: PushRow; readonly texts: readonly JournalTables['texts'][] } => {
  const { signed, envelope } = push;
  const certificate = signed === undefined ? undefined : textRow(signed.certificate, push.acceptedAt);
  const relay = envelope.pushData.relayCertificate;
  const recipients = new Set(push.recipients).size;
  const relayCertificate = relay === undefined ? undefined : textRow(relay, push.acceptedAt);
  return {
    row: {
      position,
      tenant: push.tenant,
      guid: push.pushGuid,
      environment: push.environment,
      sender: push.sender.subject,
      sender_session: push.sender.session,
      recipients,
      open: recipients,
      accepted_at: push.acceptedAt,
      deliver_by: push.deliverBy,
      init_time: push.initTime,
      digest: push.digest,
      carries: push.carries,
      trigger: push.trigger,
      emits: push.emits,
      session: signed?.session ?? null,
      certificate: certificate?.digest ?? null,
      relay_certificate: relayCertificate?.digest ?? null,
      patches: signed === undefined ? null : writeJson('patches', signed.patches),
      statement: signed?.statement ?? null,
      envelope: writeJson('envelope', withoutTexts(envelope, signed)),
    },
    texts: [certificate, relayCertificate].filter((text) => text !== undefined),
  };
};

const withoutTexts = (envelope: ICdPushEnvelop, signed: SignedParts | undefined): ICdPushEnvelop => {
  const { pushData } = envelope;
  return {
    ...envelope,
    pushData: {
      ...pushData,
      ...(signed !== undefined && pushData.statement === signed.statement && { statement: keptBeside }),
      ...(signed !== undefined && pushData.certificate === signed.certificate && { certificate: keptBeside }),
      ...(pushData.relayCertificate !== undefined && { relayCertificate: keptBeside }),
    },
  };
};

/** Columns of a push's envelope with the texts that are kept beside it. */
export interface EnvelopeColumns {
  readonly envelope: string;
  readonly statement: string | null;
  readonly certificate_text: string | null;
  readonly relay_certificate_text: string | null;
}

export const envelopeOf = (row: EnvelopeColumns): ICdPushEnvelop => {
  const envelope = readJson('envelope', row.envelope);
  const { pushData } = envelope;
  return {
    ...envelope,
    pushData: {
      ...pushData,
      ...(pushData.statement === keptBeside && { statement: row.statement ?? '' }),
      ...(pushData.certificate === keptBeside && { certificate: row.certificate_text ?? '' }),
      ...(pushData.relayCertificate === keptBeside && { relayCertificate: row.relay_certificate_text ?? '' }),
    },
  };
};

/** Columns of a push's facts with its certificate. */
export type FactColumns = Omit<PushRow, 'envelope' | 'certificate' | 'relay_certificate' | 'open'> & {
  readonly certificate_text: string | null;
};
export type TrackColumns = Pick<JournalTables['tracks'], 'push' | 'recipient' | 'attempt' | 'state'>;

/** @param tracks in the order of the push's recipients. */
export const storedPush = (row: FactColumns, tracks: readonly TrackColumns[]): StoredPush => ({
  offset: row.position,
  facts: {
    ...factsOf(row),
    recipients: tracks.map(({ recipient }) => branded<RecipientId>(recipient)),
  },
  tracks: new Map(tracks.map((track) => [branded<RecipientId>(track.recipient), trackOf(track)])),
});

export const listedPush = (row: FactColumns): ListedPush => ({
  offset: row.position,
  facts: factsOf(row),
  recipients: row.recipients,
});

export const trackOf = ({
  attempt,
  state,
}: Pick<JournalTables['tracks'], 'attempt' | 'state'>): RecipientTrack => {
  const { instance, ...kept } = readJson('state', state);
  return { attempt, state: kept, ...(instance === undefined ? {} : { instance }) };
};

export const trackColumns = ({
  attempt,
  state,
  instance,
}: RecipientTrack): Pick<JournalTables['tracks'], 'attempt' | 'rank' | 'state'> => ({
  attempt,
  rank: rankOf(state),
  state: writeJson('state', { ...state, instance }),
});

const factsOf = (row: FactColumns): Omit<PushFacts, 'recipients'> => ({
  tenant: row.tenant,
  pushGuid: row.guid,
  digest: row.digest,
  carries: readCarries(row.carries),
  trigger: row.trigger,
  emits: row.emits,
  environment: row.environment,
  sender: { subject: row.sender, session: row.sender_session },
  initTime: epochMs(row.init_time),
  acceptedAt: epochMs(row.accepted_at),
  deliverBy: epochMs(row.deliver_by),
  signed: signedOf(row),
});

const signedOf = (row: FactColumns): SignedParts | undefined => {
  const { session, statement, certificate_text: certificate, patches } = row;
  if (session === null || statement === null || certificate === null || patches === null) return undefined;
  return { statement, certificate, session, patches: readJson('patches', patches) };
};
