import type { Peer } from './peer.ts';

/** Connections by something that hardly ever two of them have in common. */
export class PeerIndex {
  /** A set takes two hundred bytes: it is made where there is a second one. */
  readonly #byKey = new Map<string, Peer | Set<Peer>>();

  of(key: string): readonly Peer[] {
    const found = this.#byKey.get(key);
    if (found === undefined) return [];
    return found instanceof Set ? [...found] : [found];
  }

  add(key: string, peer: Peer): void {
    const found = this.#byKey.get(key);
    if (found === undefined || found === peer) this.#byKey.set(key, peer);
    else if (found instanceof Set) found.add(peer);
    else this.#byKey.set(key, new Set([found, peer]));
  }

  remove(key: string, peer: Peer): void {
    const found = this.#byKey.get(key);
    if (found === peer) this.#byKey.delete(key);
    if (!(found instanceof Set)) return;
    found.delete(peer);
    if (found.size === 0) this.#byKey.delete(key);
  }
}
