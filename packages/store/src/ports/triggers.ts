import type { EpochMs, Trigger } from '@cd-push/protocol';

/** Triggers that were registered besides the built-in ones. */
export interface TriggerStore {
  list(): Promise<Trigger[]>;
  /** Registers it, or replaces what stood under its name. */
  put(trigger: Trigger, at: EpochMs): Promise<void>;
  remove(name: string, at: EpochMs): Promise<boolean>;
}
