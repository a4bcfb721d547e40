import { belongsIn, type AuditChain, type AuditLink, type ExpectedPlace } from './audit-chain.ts';
import type { AuditFault, AuditFaultKind } from './audit-verdict.ts';

/**
 * What happened where a chain does not hold together, or undefined where it does. One change breaks a chain at one place,
 * but shows it at the row after, so that what follows decides which row is at fault.
 *
 * @param beginning what the first row has to say.
 * @param isVouchedFor whether somebody else names the row of this sequence by this hash.
 */
export const faultOfChain = (
  chain: AuditChain,
  beginning: ExpectedPlace,
  isVouchedFor: (sequence: number, hash: string) => boolean,
): AuditFault | undefined => {
  const begins = belongsIn(chain.first, beginning);
  const [at, ...after] = begins ? chain.rest : [chain.first, ...chain.rest];
  if (at === undefined) return undefined;
  const expected = begins ? chain.next : beginning;
  const fault = (kind: AuditFaultKind, link: AuditLink, sequence: number, detail: string): AuditFault => ({
    kind,
    node: chain.node,
    sequence,
    line: link.line,
    detail,
  });
  const { sequence } = at;
  const rightful = after.find((link) => belongsIn(link, expected));

  if (sequence === null) {
    return rightful === undefined
      ? fault('edited', at, expected.sequence, 'The line holds no row of an audit.')
      : fault('inserted', at, expected.sequence, 'The line holds no row of an audit; none is missing here.');
  }
  if (belongsIn(at, expected)) {
    return fault('reordered', at, sequence, 'The row stands apart from the rest of its chain.');
  }

  const taken = begins ? chain.hashAt(sequence) : undefined;
  if (taken === at.hash) return fault('duplicated', at, sequence, 'The row stands here a second time.');

  if (rightful !== undefined) {
    const namesake = after.find((link) => link.sequence === sequence && link !== rightful);
    if (namesake?.hash === at.hash)
      return fault('duplicated', at, sequence, `The row stands here and at line ${namesake.line}.`);
    if (taken !== undefined || namesake !== undefined || sequence === expected.sequence)
      return fault('inserted', at, sequence, 'Another row has this place in the chain.');
    return fault(
      'reordered',
      at,
      sequence,
      `Row ${expected.sequence}, which belongs here, stands at line ${rightful.line}.`,
    );
  }

  const [follower] = after;
  const isFollowed = follower !== undefined && follower.previous === at.hash;
  const isConfirmed = isFollowed || isVouchedFor(sequence, at.hash);

  if (begins && sequence === chain.to && at.previous === chain.previousOf(chain.to)) {
    // Two rows for one place, with the same before them: the one that the chain goes on from is the true one.
    return isConfirmed
      ? fault('inserted', linkAt(chain, chain.to), sequence, `The chain goes on from line ${at.line}.`)
      : fault('inserted', at, sequence, 'Another row has this place in the chain.');
  }
  if (at.previous === expected.previous)
    return fault('edited', at, expected.sequence, `The row says that its place in the chain is ${sequence}.`);
  if (sequence === expected.sequence) {
    if (!begins)
      return fault('edited', at, sequence, 'The chain begins here with another row than it once did.');
    const isBeforeVouchedFor = isVouchedFor(chain.to, chain.hashAt(chain.to) ?? '');
    const isAtFault = !isConfirmed && (isBeforeVouchedFor || follower !== undefined);
    return isAtFault
      ? fault('edited', at, sequence, 'The row names another row before it than the one that stands there.')
      : fault('edited', linkAt(chain, chain.to), chain.to, 'The row after it names it by another hash.');
  }
  if (sequence > expected.sequence) {
    const missing =
      sequence - 1 === expected.sequence
        ? `Row ${expected.sequence} is missing`
        : `Rows ${expected.sequence} to ${sequence - 1} are missing`;
    const excuse = begins ? '' : ', and no row says that they were let go of';
    return fault('deleted', at, expected.sequence, `${missing} before row ${sequence}${excuse}.`);
  }
  return fault('inserted', at, sequence, 'Another row has this place in the chain.');
};

const linkAt = (chain: AuditChain, sequence: number): AuditLink => ({
  line: chain.lineOf(sequence),
  hash: chain.hashAt(sequence) ?? '',
  sequence,
  previous: chain.previousOf(sequence),
  isApart: false,
});
