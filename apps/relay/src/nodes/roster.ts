import { credentialOf, type RecipientId, type ResourceGuid } from '@cd-push/protocol';
import type { Departure, Presence } from '@cd-push/store';

import type { PresenceChange } from '../journal/journal.ts';

const none: ReadonlyMap<RecipientId, Presence> = new Map();

/** Who is connected to which node, as the journal says. */
export class Roster {
  readonly #byCredential = new Map<ResourceGuid, Map<RecipientId, Presence>>();

  constructor(rows: readonly Presence[]) {
    for (const row of rows) this.#set(row);
  }

  of(recipient: RecipientId): Presence | undefined {
    return this.#byCredential.get(credentialOf(recipient))?.get(recipient);
  }

  /** Instances of a credential that are connected to any node, and those that may still come back. */
  instancesOf(credential: ResourceGuid): ReadonlyMap<RecipientId, Presence> {
    return this.#byCredential.get(credential) ?? none;
  }

  /** Instances of a credential that are connected to any node. */
  connected(credential: ResourceGuid): RecipientId[] {
    return [...this.instancesOf(credential).values()].flatMap(({ recipient, node }) =>
      node === null ? [] : [recipient],
    );
  }

  *all(): Iterable<Presence> {
    for (const instances of this.#byCredential.values()) yield* instances.values();
  }

  take({ presence, departed, gone, isRead }: PresenceChange): void {
    for (const row of presence) this.#set(row);
    for (const departure of departed) this.#depart(departure);
    for (const { recipient } of gone) {
      if (isRead || this.of(recipient)?.node === null) this.#delete(recipient);
    }
  }

  #set(row: Presence): void {
    const credential = credentialOf(row.recipient);
    const instances = this.#byCredential.get(credential) ?? new Map<RecipientId, Presence>();
    this.#byCredential.set(credential, instances.set(row.recipient, row));
  }

  #depart({ recipient, node, at }: Departure): void {
    const known = this.of(recipient);
    if (known?.node === node) this.#set({ ...known, node: null, since: at });
  }

  #delete(recipient: RecipientId): void {
    const credential = credentialOf(recipient);
    const instances = this.#byCredential.get(credential);
    instances?.delete(recipient);
    if (instances?.size === 0) this.#byCredential.delete(credential);
  }
}
