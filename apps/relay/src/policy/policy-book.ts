import {
  credentialOf,
  targetKey,
  type Policy,
  type RecipientId,
  type RuntimePolicy,
  type Target,
} from '@cd-push/protocol';
import type { WrittenPolicy } from '@cd-push/store';

import type { Directory } from '../authority/directory.ts';
import type { RuntimeRecord, UserSession } from '../authority/session.ts';
import type { Policies } from '../peers/policies.ts';
import { mergedFor, noPolicy } from './merge.ts';

/** The policies of the tenant that this relay serves, as they are written down; what they come to is worked out once. */
export class PolicyBook implements Policies {
  readonly #directory: Pick<Directory, 'runtime'>;
  readonly #policies = new Map<string, Policy>();
  #merged = new WeakMap<RuntimeRecord, RuntimePolicy>();
  #isRead = false;

  constructor(directory: Pick<Directory, 'runtime'>) {
    this.#directory = directory;
  }

  /** Whether what was written before this process began is known; until then nobody knows what is held. */
  get isRead(): boolean {
    return this.#isRead;
  }

  /** Takes in what was written before this process began. */
  read(policies: readonly Policy[]): void {
    this.put(policies);
    this.#isRead = true;
  }

  /** Takes in policies that were written; each takes the place of the one of the same address, or leaves none there. */
  put(policies: readonly WrittenPolicy[]): void {
    for (const policy of policies) {
      const key = targetKey(policy.target);
      if (policy.isOver === true) this.#policies.delete(key);
      else this.#policies.set(key, policy);
    }
    this.#merged = new WeakMap();
  }

  all(): Policy[] {
    return [...this.#policies.values()];
  }

  find(target: Target): Policy | undefined {
    return this.#policies.get(targetKey(target));
  }

  of(runtime: RuntimeRecord): RuntimePolicy {
    if (this.#policies.size === 0) return noPolicy;
    // A connection keeps the record that it came with; groups and labels may have changed since.
    const current = this.#directory.runtime(runtime.guid) ?? runtime;
    const known = this.#merged.get(current);
    if (known !== undefined) return known;
    const merged = mergedFor(this.#policies.values(), current);
    this.#merged.set(current, merged);
    return merged;
  }

  takes(runtime: RuntimeRecord, { id }: Pick<UserSession['user'], 'id'>): boolean {
    const { mode } = this.of(runtime);
    switch (mode) {
      case 'hybrid':
        return true;
      case 'local':
        return runtime.user === id;
      case 'remote':
        return runtime.user !== id;
      default:
        return mode satisfies never;
    }
  }

  /** Whether what is pushed to a recipient waits. Existing clients' objects are no runtimes, and have no policies. */
  holds(recipient: RecipientId): boolean {
    const runtime = this.#directory.runtime(credentialOf(recipient));
    return runtime !== undefined && this.of(runtime).hold;
  }
}
