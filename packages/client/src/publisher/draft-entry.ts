import {
  entryOf,
  epochMs,
  freshCommTrack,
  limits,
  type EpochMs,
  type ICdPushEnvelop,
  type NoticeStatement,
  type OperationStatement,
  type PatchStatement,
  type TimelineObject,
} from '@cd-push/protocol';
import { digestOf, readAddress } from '@cd-push/timeline';

import type { OutboxEntry } from '../outbox/outbox.ts';
import type { Session } from '../session/session.ts';
import { encodePatch, type EncodedPatch } from './encode-patch.ts';
import { travelling } from './travelling.ts';
import type { Delivery, PatchInput, RestoreInput } from './push-request.ts';

/** What names a push and says how it is carried. */
export interface Identity {
  readonly pushGuid: string;
  /** Place in the outbox. */
  readonly order: number;
  readonly initTime: EpochMs;
  readonly trigger: string;
  readonly emits: string;
}

/** What a statement says besides to whom, when and by whom. */
type Said =
  | Pick<PatchStatement, 'kind' | 'patches'>
  | Pick<NoticeStatement, 'kind' | 'message'>
  | Pick<OperationStatement, 'kind' | 'operation' | 'message'>;

/**
 * A push of files before its turn: whole, but for the versions and predecessors of the files.
 *
 * @throws ProblemError `invalid-envelope` for a name that is none, `too-large`.
 */
export const draftPatches = async (
  session: Session,
  identity: Identity,
  delivery: Delivery,
  patches: readonly (PatchInput | RestoreInput)[],
): Promise<OutboxEntry> => {
  const encoded = await Promise.all(patches.map(encodePatch));
  const said: Said = { kind: 'patch', patches: encoded.map(({ head }) => head) };
  const carried = { contents: encoded.map(({ content }) => content), history: historyOf(encoded, patches) };
  const sources = encoded.map(({ source }) => source?.address ?? null);
  const entry = await draft(session, identity, delivery, said, carried, sources);
  const restored = encoded.map((one) => one.restored);
  return restored.every((frame) => frame === null) ? entry : { ...entry, restored };
};

/** What the sender has made, and sources; not what is pushed itself, which travels anyway. */
const historyOf = (
  encoded: readonly EncodedPatch[],
  patches: readonly (PatchInput | RestoreInput)[],
): TimelineObject[] => {
  const pushed = new Set(encoded.map(({ head }) => head.digest));
  const objects = [
    ...encoded.flatMap(({ source }) => source?.brought ?? []),
    ...patches.flatMap((patch) => (patch.change === 'restore' ? [] : (patch.prepared?.objects ?? []))),
  ];
  return [...new Map(objects.map((object) => [object.address, object])).values()]
    .filter(({ address }) => {
      const named = readAddress(address);
      return named?.codec !== 'raw' || !pushed.has(named.digest);
    })
    .map(travelling);
};

/** A push that carries a text instead of files. */
export const draftMessage = async (
  session: Session,
  identity: Identity,
  delivery: Delivery,
  text: string,
  operation?: string,
): Promise<OutboxEntry> => {
  const message = await digestOf(text);
  const said: Said =
    operation === undefined ? { kind: 'notice', message } : { kind: 'operation', operation, message };
  return draft(session, identity, delivery, said, { m: text });
};

const draft = async (
  session: Session,
  { pushGuid, order, initTime, trigger, emits }: Identity,
  { environment, targets, silent = false, deliverWithinMs = limits.deliverWithinMs }: Delivery,
  said: Said,
  carried: Pick<ICdPushEnvelop['pushData'], 'contents' | 'history' | 'm'>,
  sources: OutboxEntry['sources'] = [],
): Promise<OutboxEntry> => {
  const { tenant, user } = session.account;
  const issuedAt = session.clock.now();
  return {
    pushGuid,
    order,
    statement: {
      ...said,
      v: 1,
      tenant,
      environment,
      targets: [...targets],
      pushGuid,
      trigger,
      signer: user.subject,
      // Of none yet: what signs it says by which.
      certificate: await digestOf(''),
      issuedAt,
      deliverBy: epochMs(issuedAt + deliverWithinMs),
      silent,
    },
    sources,
    envelope: {
      pushData: {
        pushGuid,
        pushRecepients: targets.map(entryOf),
        triggerEvent: trigger,
        emittEvent: emits,
        commTrack: freshCommTrack(initTime),
        isSilentSync: silent,
        ...carried,
      },
      req: null,
      resp: null,
    },
    signed: null,
  };
};
