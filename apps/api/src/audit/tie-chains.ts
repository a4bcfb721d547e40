import { limits, type EpochMs } from '@cd-push/protocol';
import type { AuditLog } from '@cd-push/store';

const everyMs = 60_000;

/**
 * Names in this process's chain where the chains of the others stand, a minute after it has written something, so that none
 * of them can be cut unnoticed. Answers how to stop.
 *
 * @param onFailure hears why it could not be done; it is tried again at the next minute.
 */
export const tieChains = (
  audit: AuditLog,
  now: () => EpochMs,
  onFailure: (error: unknown) => void,
): (() => void) => {
  let tiedUpTo = 0;
  const timer = setInterval(() => {
    const tie = async (): Promise<void> => {
      const heads = await audit.heads(limits.auditHeads);
      const own = heads.find(({ node }) => node === audit.node);
      const others = heads.filter((head) => head !== own);
      if (own === undefined || own.sequence <= tiedUpTo || others.length === 0) return;
      await audit.append([{ at: now(), event: 'heads', who: null, outcome: 'ok', heads: others }]);
      tiedUpTo = own.sequence + 1;
    };
    tie().catch(onFailure);
  }, everyMs).unref();
  return () => clearInterval(timer);
};
