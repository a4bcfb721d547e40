import type { AuditEntry, EpochMs, Trigger } from '@cd-push/protocol';

/** Triggers that were registered besides the built-in ones. */
export interface TriggerStore {
  list(): Promise<Trigger[]>;
  /** Registers it, or replaces what stood under its name. */
  put(trigger: Trigger, at: EpochMs, audit?: AuditEntry): Promise<void>;
  remove(name: string, at: EpochMs, audit?: AuditEntry): Promise<boolean>;
}
