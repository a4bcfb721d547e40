import { limits, type AuditHead, type AuditPlace, type SignedAuditHead } from '@cd-push/protocol';
import type { AuditLog } from '@cd-push/store';
import { signAuditHead } from '@cd-push/timeline';

import type { RelayIdentity } from '../authority/relay-identity.ts';
import type { Clock } from '../clock.ts';
import { factsOf, type Log } from '../log.ts';

interface HeadPorts {
  readonly audit: AuditLog;
  readonly identity: RelayIdentity;
  readonly clock: Clock;
  readonly log: Log;
  /** To everybody who keeps heads: runtimes and observers. */
  readonly tell: (heads: readonly SignedAuditHead[]) => void;
}

/** How long rows may be written before a row says where all chains stand, and that is signed and told. */
const everyMs = 60_000;

/**
 * Where the audit's chains stand, signed by this relay, those of other nodes included: whoever keeps such a head can prove
 * later that no row up to it was changed or cut. Nothing runs while nothing is written.
 */
export class AuditHeads {
  readonly #ports: HeadPorts;
  #latest: readonly SignedAuditHead[] = [];
  #cancel: (() => void) | undefined;

  constructor(ports: HeadPorts) {
    this.#ports = ports;
  }

  /** As they were last told. */
  get latest(): SignedAuditHead[] {
    return [...this.#latest];
  }

  /** Rows were written by this process. */
  stir(): void {
    this.#cancel ??= this.#ports.clock.after(everyMs, () => {
      this.#cancel = undefined;
      this.#tell().catch((error: unknown) => {
        this.#ports.log.warn(factsOf(error), 'The heads of the audit could not be signed.');
        this.stir();
      });
    });
  }

  close(): void {
    this.#cancel?.();
  }

  /**
   * As they stand now; none as long as this relay is not certified. What was signed is on the disk: after a loss of power
   * a head of a row that is gone would tell of a chain that was cut.
   */
  async sign(): Promise<SignedAuditHead[]> {
    const { audit, identity } = this.#ports;
    const places = await audit.heads(limits.auditHeads);
    const { seal } = identity;
    if (seal === undefined) return [];
    await audit.settle();
    this.#latest = await Promise.all(
      places.map((place) => signAuditHead(this.#headOf(place, seal.root.tenant), seal.key, seal.certificate)),
    );
    return this.latest;
  }

  async #tell(): Promise<void> {
    const { audit, clock, tell } = this.#ports;
    const heads = await audit.heads(limits.auditHeads);
    await audit.append([{ at: clock.now(), event: 'heads', who: null, outcome: 'ok', heads }]);
    const signed = await this.sign();
    if (signed.length > 0) tell(signed);
  }

  #headOf({ node, sequence, hash }: AuditPlace, tenant: string): AuditHead {
    return { v: 1, tenant, node, sequence, hash, at: this.#ports.clock.now() };
  }
}
