import { matchesSelector, reservedEvents, type Selector, type Target, type Trigger } from '@cd-push/protocol';

import type { RuntimeRecord } from './session.ts';

/** Known runtimes, accounts and registered triggers, held here so that a push asks nobody. */
export class Directory {
  readonly #runtimes = new Map<string, RuntimeRecord>();
  /** Guids by module and environment, then by group, then by user. */
  readonly #byPlace = new Map<string, Set<string>>();
  readonly #byGroup = new Map<string, Set<string>>();
  readonly #byUser = new Map<number, Set<string>>();
  #accounts: ReadonlySet<string> = new Set();
  #triggers: ReadonlyMap<string, Trigger> = new Map();

  /** Takes in what the api tells of runtimes. That one has connected may be known here before the api says so. */
  putRuntimes(runtimes: readonly RuntimeRecord[]): void {
    for (const runtime of runtimes) {
      const hasConnected = runtime.hasConnected || this.#runtimes.get(runtime.guid)?.hasConnected === true;
      this.#put({ ...runtime, hasConnected });
    }
  }

  /**
   * Takes in a runtime that connects, which the feed may not have told of yet. What is known of it already follows the feed,
   * and may be newer than what it was introduced with.
   */
  meetRuntime(runtime: RuntimeRecord): void {
    const known = this.#runtimes.get(runtime.guid);
    if (known?.hasConnected !== true) this.#put({ ...(known ?? runtime), hasConnected: true });
  }

  removeRuntime(guid: string): void {
    const known = this.#runtimes.get(guid);
    if (known === undefined) return;
    this.#runtimes.delete(guid);
    this.#unindex(known);
  }

  runtime(guid: string): RuntimeRecord | undefined {
    return this.#runtimes.get(guid);
  }

  all(): Iterable<RuntimeRecord> {
    return this.#runtimes.values();
  }

  /** Runtimes of an environment that an address names; a selector names those alone that ever connected. */
  matching(target: Target, environment: string): RuntimeRecord[] {
    const found: RuntimeRecord[] = [];
    for (const guid of this.#candidates(target, environment)) {
      const runtime = this.#runtimes.get(guid);
      if (runtime === undefined || runtime.environment !== environment) continue;
      if ('select' in target && !(runtime.hasConnected && matchesSelector(target.select, runtime))) continue;
      found.push(runtime);
    }
    return found;
  }

  replaceAccounts(guids: readonly string[]): void {
    this.#accounts = new Set(guids);
  }

  /** Whether a guid is a user's; known only where existing clients may connect, who address users by it. */
  isAccount(guid: string): boolean {
    return this.#accounts.has(guid);
  }

  /** A name that the protocol itself uses is never a trigger, whatever a registry holds. */
  replaceTriggers(triggers: readonly Trigger[]): void {
    const usable = triggers.filter(
      ({ trigger, emits }) => !reservedEvents.has(trigger) && !reservedEvents.has(emits),
    );
    this.#triggers = new Map(usable.map((trigger) => [trigger.trigger, trigger]));
  }

  trigger(name: string): Trigger | undefined {
    return this.#triggers.get(name);
  }

  #candidates(target: Target, environment: string): Iterable<string> {
    if ('guid' in target) return [target.guid];
    if ('user' in target) return this.#byUser.get(target.user) ?? [];
    if ('group' in target) return this.#byGroup.get(target.group) ?? [];
    return this.#inPlace(target.select, environment);
  }

  #inPlace({ module }: Selector, environment: string): Iterable<string> {
    return module === undefined
      ? this.#runtimes.keys()
      : (this.#byPlace.get(placeOf({ module, environment })) ?? []);
  }

  #put(runtime: RuntimeRecord): void {
    const { guid, groups, user } = runtime;
    const before = this.#runtimes.get(guid);
    this.#runtimes.set(guid, runtime);
    put(this.#byPlace, placeOf(runtime), guid);
    for (const group of groups) put(this.#byGroup, group, guid);
    if (user !== null) put(this.#byUser, user, guid);
    if (before !== undefined) this.#unindex(before, runtime);
  }

  /** Has a runtime not be found any more by what it was, but for what it still is. */
  #unindex(before: RuntimeRecord, now?: RuntimeRecord): void {
    const { guid, groups, user } = before;
    const place = placeOf(before);
    if (now === undefined || placeOf(now) !== place) take(this.#byPlace, place, guid);
    for (const group of groups) if (now?.groups.includes(group) !== true) take(this.#byGroup, group, guid);
    if (user !== null && user !== now?.user) take(this.#byUser, user, guid);
  }
}

/** Names hold no space, so that two places never share a key. */
const placeOf = ({ module, environment }: Pick<RuntimeRecord, 'module' | 'environment'>): string =>
  `${module} ${environment}`;

const put = <Key>(index: Map<Key, Set<string>>, key: Key, guid: string): void => {
  const guids = index.get(key);
  if (guids === undefined) index.set(key, new Set([guid]));
  else guids.add(guid);
};

const take = <Key>(index: Map<Key, Set<string>>, key: Key, guid: string): void => {
  const guids = index.get(key);
  guids?.delete(guid);
  if (guids?.size === 0) index.delete(key);
};
