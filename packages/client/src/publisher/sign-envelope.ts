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
  type Statement,
} from '@cd-push/protocol';
import { digestOf, signStatement } from '@cd-push/timeline';

import type { Session } from '../session/session.ts';
import type { Delivery } from './push-request.ts';

/** What is said in a statement besides to whom, when and by whom. */
export type Said =
  | Pick<PatchStatement, 'kind' | 'patches'>
  | Pick<NoticeStatement, 'kind' | 'message'>
  | Pick<OperationStatement, 'kind' | 'operation' | 'message'>;

export interface Unsigned {
  readonly said: Said;
  readonly delivery: Delivery;
  readonly pushGuid: string;
  readonly trigger: string;
  readonly emits: string;
  readonly initTime: EpochMs;
  /** Contents of a patch, or the text of a message. */
  readonly carried: Pick<ICdPushEnvelop['pushData'], 'contents' | 'm'>;
}

/** Signs a statement with the session's key and puts it into the envelope that repeats what it says. */
export const signEnvelope = async (session: Session, unsigned: Unsigned): Promise<ICdPushEnvelop> => {
  const { said, delivery, pushGuid, trigger, emits, initTime, carried } = unsigned;
  const { environment, targets, silent = false, deliverWithinMs = limits.deliverWithinMs } = delivery;
  const certificate = await session.certificate();
  const { tenant, user } = session.stored;
  const issuedAt = session.clock.now();
  const statement: Statement = {
    ...said,
    v: 1,
    tenant,
    environment,
    targets: [...targets],
    pushGuid,
    trigger,
    signer: user.subject,
    certificate: await digestOf(certificate),
    issuedAt,
    deliverBy: epochMs(issuedAt + deliverWithinMs),
    silent,
  };
  return {
    pushData: {
      pushGuid,
      pushRecepients: targets.map(entryOf),
      triggerEvent: trigger,
      emittEvent: emits,
      commTrack: freshCommTrack(initTime),
      isSilentSync: silent,
      statement: await signStatement(statement, session.key),
      certificate,
      ...carried,
    },
    req: null,
    resp: null,
  };
};
