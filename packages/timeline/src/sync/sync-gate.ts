import type { Problem } from '@cd-push/protocol';

import type { Awaitable } from '../crypto/port.ts';
import type { Address } from '../objects/address.ts';
import type { ConstantObject, FrameObject } from '../objects/parsed-object.ts';

/** What the other side of a responder may see and change. A timeline is judged by its first frame, which never changes. */
export interface SyncGate {
  /**
   * Whether the other side may change anything at all. What one that may not brings is refused unread, and nothing of its sagas
   * is kept.
   */
  mayWrite(): boolean;
  /** Whether what the other side may not read is told like what is not here, and not as what it may not. */
  readonly hides: boolean;
  /** Why the other side may not see, or not change, a timeline, if so. */
  timeline(genesis: FrameObject, wish: 'read' | 'write'): Problem | undefined;
  /** The same of a constant that it names by itself. What a timeline refers to is judged with the timeline. */
  constant(constant: ConstantObject, wish: 'read' | 'write'): Problem | undefined;
  /** Whether the other side may know a blob by itself. What a timeline refers to that it may see, it may know anyway. */
  blob(address: Address): Awaitable<boolean>;
}

/** Between spaces of one and the same owner. */
export const openGate: SyncGate = {
  mayWrite: () => true,
  hides: false,
  timeline: () => undefined,
  constant: () => undefined,
  blob: () => true,
};
