import {
  isCertificate,
  isStatement,
  matchesTarget,
  subTypes,
  type Certificate,
  type Target,
} from '@cd-push/protocol';
import { fromBase64url } from '@cd-push/timeline';

import type { Directory } from '../authority/directory.ts';
import type { JournalReads } from '../journal/journal.ts';
import type { TrackedPush } from '../journal/tracked-push.ts';
import type { Ended } from '../peers/ended.ts';
import type { RunningPeer } from '../peers/peer.ts';
import type { Policies } from '../peers/policies.ts';

export interface MeantPorts {
  readonly store: Pick<JournalReads, 'envelope'>;
  readonly directory: Pick<Directory, 'runtime'>;
  readonly policies: Pick<Policies, 'of' | 'takes'>;
  readonly ended: Ended;
}

/** For whom pushes are meant: a runtime refuses whatever else it is sent, and then lacks it still. */
export class Meant {
  readonly #ports: MeantPorts;
  readonly #targets = new WeakMap<TrackedPush, readonly Target[]>();

  constructor(ports: MeantPorts) {
    this.#ports = ports;
  }

  /** Whether the session that signed it was taken back with all that it signed. */
  isVoided({ accepted }: TrackedPush): boolean {
    return this.#ports.ended.isVoided(accepted.signed);
  }

  /** Whether one of the signed addresses is the runtime, as it is now. */
  isAddressed(push: TrackedPush, { session, running }: RunningPeer): boolean {
    // A connection keeps the record that it came with; groups and labels may have changed since.
    const runtime = this.#ports.directory.runtime(session.runtime.guid) ?? session.runtime;
    return this.#targetsOf(push).some(
      (target) => matchesTarget(target, runtime) || ('guid' in target && target.guid === running.recipient),
    );
  }

  /**
   * Whether a push is part of the state of a runtime, be it a recipient or not.
   *
   * @throws what the store threw.
   */
  async isState(push: TrackedPush, peer: RunningPeer): Promise<boolean> {
    if (this.isVoided(push) || !this.isAddressed(push, peer)) return false;
    if (push.entryOf(peer.running.recipient) === undefined && !(await this.#isTaken(push, peer)))
      return false;
    return this.isApproved(push, peer);
  }

  /**
   * Whether as many people approve of a push as the runtime asks for, which it may not have when the push was accepted.
   *
   * @throws what the store threw.
   */
  async isApproved(
    { accepted, offset }: TrackedPush,
    { session: { runtime } }: RunningPeer,
  ): Promise<boolean> {
    const { store, ended } = this.#ports;
    if (runtime.approvals === 0 || accepted.carries === 'notice') return true;
    const approvals = (await store.envelope(offset))?.pushData.approvals ?? [];
    const given = approvals
      .map(({ certificate }) => certificateIn(certificate))
      .filter((certificate) => certificate !== undefined && !ended.voids(certificate));
    const people = new Set(given.map((certificate) => certificate?.sub));
    people.delete(accepted.sender.subject);
    return people.size >= runtime.approvals;
  }

  /** Whether the runtime's mode lets in what this sender pushes. */
  async #isTaken({ offset }: TrackedPush, { session: { runtime } }: RunningPeer): Promise<boolean> {
    const { policies, store } = this.#ports;
    if (policies.of(runtime).mode === 'hybrid') return true;
    const envelope = await store.envelope(offset);
    const sender = envelope?.pushData.pushRecepients.find(({ subTypeId }) => subTypeId === subTypes.sender);
    return sender !== undefined && policies.takes(runtime, { id: sender.userId });
  }

  #targetsOf(push: TrackedPush): readonly Target[] {
    const known = this.#targets.get(push);
    if (known !== undefined) return known;
    const targets = targetsIn(push.accepted.signed?.statement ?? '');
    this.#targets.set(push, targets);
    return targets;
  }
}

/** Whom a statement addresses; its signature was verified when it was accepted. */
const targetsIn = (jws: string): readonly Target[] => {
  const payload = payloadIn(jws);
  return isStatement(payload) ? payload.targets : [];
};

/** A certificate that was verified when its push was accepted. */
const certificateIn = (jws: string): Certificate | undefined => {
  const payload = payloadIn(jws);
  return isCertificate(payload) ? payload : undefined;
};

const payloadIn = (jws: string): unknown => {
  const bytes = fromBase64url(jws.split('.')[1] ?? '');
  return bytes === undefined || bytes.length === 0 ? undefined : JSON.parse(new TextDecoder().decode(bytes));
};
