import type { AuditHead, AuditPlace } from '@cd-push/protocol';
import { verifyAudit, type AuditFault, type AuditStanding, type TrustRoot } from '@cd-push/timeline';

import { CliError, usageError } from '../cli-error.ts';
import type { AuditFile } from './audit-file.ts';
import { checkedHeads, type KnownHeads } from './known-heads.ts';
import { olderExport, type OlderExport } from './older-export.ts';
import type { GivenHead } from './parse-head.ts';

/** What is known besides the export itself. */
export interface Knowledge {
  /** Heads that a person names; undefined where those count that this machine has seen. */
  readonly given: readonly GivenHead[] | undefined;
  readonly seen: readonly KnownHeads[];
  /** Whom to believe, where that was said; else whoever signed what the export or this machine holds. */
  readonly root: TrustRoot | undefined;
}

export interface ExportVerdict {
  /**
   * `unproven`: nothing is wrong with what is there, and nobody vouches that it is all. `older`: it was all when it was
   * written, and later heads are known here, which cannot tell how it goes on.
   */
  readonly outcome: 'proven' | 'unproven' | 'older' | 'faulty';
  readonly rows: number;
  /** With lines of the file. */
  readonly faults: readonly AuditFault[];
  readonly chains: readonly AuditStanding[];
  /** Heads from elsewhere that it was held against. */
  readonly heads: number;
  /** Where the outcome is `older`. */
  readonly older: OlderExport | undefined;
}

/** Holds an export against what is known from elsewhere, without asking anybody. */
export const verifyExport = async (file: AuditFile, knowledge: Knowledge): Promise<ExportVerdict> => {
  const bare = await verifyAudit(file.rows());
  if (bare.rows === 0) throw usageError('The file holds no rows of an audit.', 'cd-cli audit export <file>');
  const nodes = new Set([...bare.faults, ...bare.chains].map(({ node }) => node));
  const seen = await seenOf(file, nodes, knowledge);
  const root = knowledge.root ?? seen;
  const own = await ownHeads(file, root);
  const known = knowledge.given === undefined ? await seenHeads(seen) : [];
  const heads: readonly AuditPlace[] =
    knowledge.given === undefined
      ? known
      : await Promise.all(knowledge.given.map((given) => placeOf(given, root)));
  const held = heads.length === 0 ? bare : await verifyAudit(file.rows(), { heads });
  // The export's own heads cannot prove its end, as they came together with it; but what they contradict was changed.
  const { faults } = own.length === 0 ? held : await verifyAudit(file.rows(), { heads: [...own, ...heads] });
  const older = faults.length === 0 ? undefined : await olderExport(file, faults, own, known);
  return {
    outcome: older === undefined ? outcomeOf(faults, held.chains) : 'older',
    rows: held.rows,
    faults: older === undefined ? faults.map((fault) => inFile(fault, file)) : [],
    chains: held.chains.map((chain) => inFile(chain, file)),
    heads: heads.length,
    older,
  };
};

const outcomeOf = (
  faults: readonly AuditFault[],
  chains: readonly AuditStanding[],
): 'proven' | 'unproven' | 'faulty' => {
  if (faults.length > 0) return 'faulty';
  return chains.every(({ kind }) => kind === 'proven') ? 'proven' : 'unproven';
};

/** Whoever signed the export's own heads, or else whose chains it holds: its heads may have been taken out. */
const seenOf = async (
  file: AuditFile,
  nodes: ReadonlySet<string>,
  { seen, root }: Knowledge,
): Promise<KnownHeads | undefined> => {
  if (root !== undefined)
    return seen.find(({ issuer, tenant }) => issuer === root.issuer && tenant === root.tenant);
  for (const known of seen) if ((await checkedHeads(file.heads, known)).length > 0) return known;
  return seen.find(({ heads }) => heads.some(({ head }) => nodes.has(head.node)));
};

const seenHeads = async (seen: KnownHeads | undefined): Promise<AuditHead[]> => {
  if (seen === undefined) return [];
  const checked = await checkedHeads(
    seen.heads.map(({ signed }) => signed),
    seen,
  );
  return checked.map(({ head }) => head);
};

const placeOf = async (given: GivenHead, root: TrustRoot | undefined): Promise<AuditPlace> => {
  if ('place' in given) return given.place;
  if (root === undefined)
    throw usageError(
      'The head is signed, and nobody’s keys are known here to check it with.',
      'Name a file with them: --issuer-keys issuer.json, as GET /.well-known/cd-push of the api gives it',
    );
  const [checked] = await checkedHeads([given.signed], root);
  if (checked !== undefined) return checked.head;
  throw new CliError(`Neither ${root.issuer} nor a relay that it certified signed the head that was given.`, {
    next: 'Is it of another installation? Then name its keys: --issuer-keys issuer.json',
  });
};

const ownHeads = async (file: AuditFile, root: TrustRoot | undefined): Promise<AuditHead[]> =>
  root === undefined ? [] : (await checkedHeads(file.heads, root)).map(({ head }) => head);

const inFile = <Place extends AuditFault | AuditStanding>(place: Place, file: AuditFile): Place =>
  place.line === null ? place : { ...place, line: file.lineOf(place.line) };
