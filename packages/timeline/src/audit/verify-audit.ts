import type { AuditPlace } from '@cd-push/protocol';

import type { AuditChain, ExpectedPlace } from './audit-chain.ts';
import type { Claim, Claimant } from './audit-claims.ts';
import type { AuditFault, AuditStanding } from './audit-verdict.ts';
import { faultOfChain } from './chain-fault.ts';
import { readAudit, type Pruning, type ReadAudit } from './read-audit.ts';

export interface AuditVerification {
  readonly rows: number;
  /** At most one for each chain, the first in the order of the lines first; none where the audit is intact. */
  readonly faults: readonly AuditFault[];
  /** One for each chain without fault, in the order in which they stand. */
  readonly chains: readonly AuditStanding[];
}

/**
 * Finds out whether an audit is as it was written. Every row names the one before it, so that a change in the middle of a
 * chain shows by itself; `opened` and `heads` rows name where other chains stood, so that one cannot be cut or written
 * anew while another tells of it; and a head that is known from elsewhere vouches for all that it reaches, directly and
 * over what other chains say. What no such head reaches may have been cut at its end without a trace.
 *
 * Rows are read once and not kept: of each its hash remains.
 *
 * @param rows texts as they were hashed, each node's together and in their order.
 * @param heads places that are known from elsewhere, such as what `openAuditHead` gives; never from the audit itself.
 */
export const verifyAudit = async (
  rows: AsyncIterable<string> | Iterable<string>,
  { heads = [] }: { readonly heads?: readonly AuditPlace[] } = {},
): Promise<AuditVerification> => {
  const audit = await readAudit(rows, heads);
  const faults = new Faults();
  for (const chain of audit.chains.values()) {
    const fault = faultOfChain(chain, beginningOf(chain, audit), (sequence, hash) =>
      audit.claims.isKnown(chain.node, sequence, hash),
    );
    if (fault !== undefined) faults.add(fault);
  }
  const brokenAt = new Map(faults.all().map(({ node, line }) => [node, line]));
  /** Rows of a chain that is at fault are still believed as far as it holds together. */
  const isBelieved = (by: Claimant): boolean => {
    const chain = by === null ? undefined : audit.chains.get(by.node);
    if (by === null || chain === undefined) return by === null;
    return by.line <= chain.lastLine && by.line < (brokenAt.get(by.node) ?? Infinity);
  };

  for (const node of audit.claims.nodes()) {
    const claims = audit.claims.of(node).filter(({ by }) => isBelieved(by));
    const chain = audit.chains.get(node);
    if (chain === undefined) faults.add(faultOfMissing(claims, audit.prunings.get(node) ?? []));
    else if (!brokenAt.has(node)) faults.add(contradictionOf(chain, claims, audit) ?? cutOf(chain, claims));
  }

  const proven = provenPlaces(audit, isBelieved);
  const standings = [...audit.chains.values()]
    .filter(({ node }) => !faults.has(node))
    .map((chain) => standingOf(chain, proven, audit));
  return { rows: audit.rows, faults: faults.all(), chains: standings };
};

/** The first fault of each chain. */
class Faults {
  readonly #of = new Map<string, AuditFault>();

  add(fault: AuditFault | undefined): void {
    if (fault === undefined) return;
    const known = this.#of.get(fault.node);
    if (known === undefined || lineOf(fault) < lineOf(known)) this.#of.set(fault.node, fault);
  }

  has(node: string): boolean {
    return this.#of.has(node);
  }

  all(): AuditFault[] {
    return [...this.#of.values()].toSorted((one, other) => lineOf(one) - lineOf(other));
  }
}

/** What is not there at all comes last. */
const lineOf = ({ line }: AuditFault): number => line ?? Number.MAX_SAFE_INTEGER;

/** A chain begins with its first row, or where a `pruned` row says that older ones were let go of. */
const beginningOf = ({ node, from, first }: AuditChain, { prunings }: ReadAudit): ExpectedPlace => {
  const known = from === 1 ? undefined : prunings.get(node);
  const pruning =
    known?.find(({ sequence, hash }) => sequence === from - 1 && hash === first.previous) ?? known?.at(-1);
  return pruning === undefined
    ? { sequence: 1, previous: null }
    : { sequence: pruning.sequence + 1, previous: pruning.hash };
};

const sayerOf = (by: Claimant): string =>
  by === null ? 'A known head' : `Row ${by.sequence} of "${by.node}" (line ${by.line})`;

const furthest = (claims: readonly Claim[]): Claim | undefined => {
  let found: Claim | undefined;
  for (const claim of claims) if (found === undefined || claim.sequence > found.sequence) found = claim;
  return found;
};

const faultOfMissing = (claims: readonly Claim[], prunings: readonly Pruning[]): AuditFault | undefined => {
  const claim = furthest(claims);
  if (claim === undefined || prunings.some(({ sequence }) => sequence >= claim.sequence)) return undefined;
  return {
    kind: 'truncated',
    node: claim.node,
    sequence: 1,
    line: null,
    detail: `${sayerOf(claim.by)} names row ${claim.sequence} of this chain, of which nothing is here.`,
  };
};

const cutOf = (chain: AuditChain, claims: readonly Claim[]): AuditFault | undefined => {
  const claim = furthest(claims);
  if (claim === undefined || claim.sequence <= chain.to) return undefined;
  return {
    kind: 'truncated',
    node: chain.node,
    sequence: chain.to + 1,
    line: chain.lastLine,
    detail: `${sayerOf(claim.by)} names row ${claim.sequence} of this chain, which ends here at row ${chain.to}.`,
  };
};

/** The hash of a row, also of the last one that was let go of. */
const hashIn = (chain: AuditChain, sequence: number): string | null | undefined =>
  sequence === chain.from - 1 ? chain.first.previous : chain.hashAt(sequence);

const contradictionOf = (
  chain: AuditChain,
  claims: readonly Claim[],
  audit: ReadAudit,
): AuditFault | undefined => {
  let first: Claim | undefined;
  for (const claim of claims) {
    const hash = hashIn(chain, claim.sequence);
    if (hash === undefined || hash === claim.hash) continue;
    if (first === undefined || claim.sequence < first.sequence) first = claim;
  }
  if (first === undefined) return undefined;
  const { sequence, by } = first;
  const place = { node: chain.node, sequence, line: chain.lineOf(Math.max(sequence, chain.from)) };
  if (by === null) {
    // Rows that follow one vouch for it; the last one has nobody who does.
    return sequence === chain.to
      ? {
          kind: 'edited',
          ...place,
          detail:
            'A known head names another row here: this row was written anew, or one before it was and all after.',
        }
      : {
          kind: 'foreign-head',
          ...place,
          detail:
            'The chain holds together, but a known head names another row here: it was written anew, or the head is of another audit.',
        };
  }
  return isVouchedFor(by, chain, sequence, audit)
    ? {
        kind: 'edited',
        ...place,
        detail: `${sayerOf(by)} names another row here: this row was written anew, or one before it was and all after.`,
      }
    : {
        kind: 'edited',
        ...by,
        detail: `The row names another row ${sequence} of "${chain.node}" than stands at line ${place.line}.`,
      };
};

/** Of two rows that contradict each other, whether the one that speaks is to be believed rather than the other. */
const isVouchedFor = (
  by: NonNullable<Claimant>,
  chain: AuditChain,
  sequence: number,
  { chains, claims }: ReadAudit,
): boolean => {
  if (claims.isKnown(chain.node, sequence, chain.hashAt(sequence) ?? '')) return false;
  const speaker = chains.get(by.node);
  return (
    speaker === undefined ||
    by.sequence < speaker.to ||
    claims.isKnown(by.node, by.sequence, speaker.hashAt(by.sequence) ?? '')
  );
};

/** Up to which row each chain is as a known head says, directly or over what rows say that are themselves proven. */
const provenPlaces = (
  { chains, claims }: ReadAudit,
  isBelieved: (by: Claimant) => boolean,
): ReadonlyMap<string, number> => {
  const proven = new Map<string, number>();
  /** How many of what a chain says of others has been looked at. */
  const looked = new Map<string, number>();
  const further: string[] = [];
  const prove = ({ node, sequence, hash }: Claim): void => {
    if (sequence <= (proven.get(node) ?? 0) || chains.get(node)?.hashAt(sequence) !== hash) return;
    proven.set(node, sequence);
    further.push(node);
  };
  for (const node of claims.nodes()) for (const claim of claims.of(node)) if (claim.by === null) prove(claim);
  for (let node = further.pop(); node !== undefined; node = further.pop()) {
    const said = claims.by(node);
    let count = looked.get(node) ?? 0;
    for (; count < said.length; count++) {
      const claim = said[count];
      if (claim === undefined || (claim.by?.sequence ?? 0) > (proven.get(node) ?? 0)) break;
      if (isBelieved(claim.by)) prove(claim);
    }
    looked.set(node, count);
  }
  return proven;
};

const standingOf = (
  { node, from, to, first, lastLine }: AuditChain,
  proven: ReadonlyMap<string, number>,
  { prunings }: ReadAudit,
): AuditStanding => {
  const upTo = proven.get(node) ?? 0;
  const rows = (start: number, end: number): string =>
    start === end ? `Row ${start}` : `Rows ${start} to ${end}`;
  if (upTo < to) {
    const start = Math.max(upTo + 1, from);
    const vouched = upTo < from ? '' : `${rows(from, upTo)}: proven by a known head. `;
    return {
      kind: 'unproven-tail',
      node,
      last: to,
      sequence: start,
      line: lastLine - (to - start),
      detail: `${vouched}${rows(start, to)}: without a fault, but no known head reaches here, so the tail is unproven; it may have been cut.`,
    };
  }
  const letGo =
    from > 1 &&
    !prunings
      .get(node)
      ?.some(
        ({ sequence, hash, by }) =>
          sequence === from - 1 && hash === first.previous && by.sequence <= (proven.get(by.node) ?? 0),
      );
  return letGo
    ? {
        kind: 'unproven-beginning',
        node,
        last: to,
        sequence: from,
        line: first.line,
        detail: `${rows(from, to)}: proven by a known head. That older rows were let go of, no row says that a known head reaches.`,
      }
    : {
        kind: 'proven',
        node,
        last: to,
        sequence: to,
        line: lastLine,
        detail: `${rows(from, to)}: proven by a known head.`,
      };
};
