import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { isApiMetadata } from '@cd-push/protocol';
import type { AuditFault, AuditStanding, TrustRoot } from '@cd-push/timeline';

import type { CliContext } from '../cli-context.ts';
import { usageError } from '../cli-error.ts';
import type { AuditVerifyFlags } from '../commands/flags.ts';
import { exitCodes } from '../exit-codes.ts';
import { shownTime } from '../history/shown-time.ts';
import { fold } from '../talk/fold.ts';
import { Pen } from '../talk/pen.ts';
import { printJson } from '../talk/print-json.ts';
import { Talk } from '../talk/talk.ts';
import { AuditFile } from './audit-file.ts';
import { knownHeads } from './known-heads.ts';
import type { LaterChain } from './older-export.ts';
import { parseHead } from './parse-head.ts';
import { verifyExport, type ExportVerdict } from './verify-export.ts';

/** `audit verify <file>`: whether an export is as it was written; asks nobody. */
export const runAuditVerify = async (
  context: CliContext,
  flags: AuditVerifyFlags,
  path: string,
): Promise<void> => {
  const { cwd, process } = context;
  const given = flags.head === undefined ? undefined : (await Promise.all(flags.head.map(parseHead))).flat();
  const verdict = await verifyExport(new AuditFile(resolve(cwd, path)), {
    given,
    seen: knownHeads(process.env),
    root: flags.issuerKeys === undefined ? undefined : readRoot(resolve(cwd, flags.issuerKeys)),
  });
  process.exitCode = codes[verdict.outcome];
  if (flags.json) {
    for (const fault of verdict.faults) printJson(context, { type: 'fault', ...fault });
    for (const chain of verdict.chains) printJson(context, chainJson(chain));
    const { outcome, rows, heads, older } = verdict;
    for (const chain of older?.later ?? []) printJson(context, { type: 'later', ...chain });
    const asOf = older === undefined ? {} : { at: older.at };
    printJson(context, { type: 'verified', outcome, exitCode: codes[outcome], rows, heads, ...asOf });
  } else show(context, path, verdict);
  tellNext(new Talk(context), verdict, flags);
};

/** `sequence` is the last row that is here; `unproven` the row from which, or at a beginning before which, nobody vouches. */
const chainJson = ({ kind, node, sequence, last, line, detail }: AuditStanding) => ({
  type: 'chain',
  kind,
  node,
  sequence: last,
  ...(kind === 'proven' ? {} : { unproven: { sequence, line } }),
  detail,
});

const codes = {
  proven: exitCodes.ok,
  unproven: exitCodes.unproven,
  older: exitCodes.unproven,
  faulty: exitCodes.error,
} as const;

const readRoot = (path: string): TrustRoot => {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw usageError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (isApiMetadata(value)) return value;
  throw usageError(
    `${path} holds no issuer’s keys.`,
    'It is what the api answers: curl https://api.example/.well-known/cd-push > issuer.json',
  );
};

const show = (
  { screen, process: { stdout, env } }: CliContext,
  path: string,
  verdict: ExportVerdict,
): void => {
  const pen = new Pen(stdout, env);
  const { outcome, rows, faults, chains, older } = verdict;
  const count = `${rows} ${rows === 1 ? 'row' : 'rows'} of ${path}`;
  const { sign, colour, sentence } = verdicts[outcome];
  const indent = ' '.repeat(13);
  const asOf = older === undefined ? '' : ` as of ${shownTime(older.at, Date.now())}`;
  const told = fold(`${count}: ${sentence}${asOf}`, pen.columns, indent).join('\n').slice(indent.length);
  const head = `${pen.paint(colour, `${pen.marks[sign]} ${outcome}`.padEnd(11))}  ${told}`;
  const lines = [
    ...faults.flatMap((fault) => faultLines(pen, fault)),
    ...chains.flatMap((chain) => chainLines(pen, chain)),
    ...(older?.later ?? []).flatMap((chain) => laterLines(pen, chain)),
  ];
  screen.print(`${[head, ...lines].join('\n')}\n`);
};

const verdicts = {
  proven: { sign: 'done', colour: 'green', sentence: 'as they were written, and all of them' },
  unproven: {
    sign: 'ended',
    colour: 'yellow',
    sentence: 'no fault in what is there; whether it is all, nobody vouches',
  },
  older: {
    sign: 'ended',
    colour: 'yellow',
    sentence: 'older than what is known here; by its own signed heads as they were written, and whole',
  },
  faulty: { sign: 'failed', colour: 'red', sentence: 'not as they were written' },
} as const;

/** What a kind is called where it does not say it itself. */
const faultWords = {
  edited: 'edited',
  deleted: 'deleted',
  inserted: 'inserted',
  duplicated: 'duplicated',
  reordered: 'reordered',
  truncated: 'ends early',
  'foreign-head': 'foreign head',
} as const satisfies Record<AuditFault['kind'], string>;

const faultLines = (pen: Pen, { kind, node, sequence, line, detail }: AuditFault): string[] => {
  const place = line === null ? '' : `line ${line}, `;
  return [
    `${pen.paint('red', `  ${faultWords[kind]}`)}  ${place}row ${sequence} of ${node === '' ? 'no chain' : node}`,
    ...fold(detail, pen.columns, '    '),
  ];
};

const chainLines = (pen: Pen, { kind, node, detail }: AuditStanding): string[] => [
  `${pen.paint(kind === 'proven' ? 'green' : 'yellow', `  ${kind.replaceAll('-', ' ')}`)}  ${node}`,
  ...fold(detail, pen.columns, '    '),
];

const laterLines = (pen: Pen, { node, sequence, known }: LaterChain): string[] => [
  `${pen.paint('yellow', '  later rows')}  ${node}`,
  ...fold(
    sequence === 0
      ? `Began after the export; known here up to row ${known}.`
      : `Ends here at row ${sequence}; known here up to row ${known}.`,
    pen.columns,
    '    ',
  ),
];

const tellNext = (
  talk: Talk,
  { outcome, faults, heads }: ExportVerdict,
  { head }: AuditVerifyFlags,
): void => {
  if (outcome === 'unproven' && heads === 0)
    talk.next(
      head === undefined
        ? 'Hold it against a head that is known from elsewhere: --head <head or file>, as "cd-cli audit heads" prints them where the audit was observed or exported.'
        : 'The heads that were given are of other chains.',
    );
  if (outcome === 'older')
    talk.next(
      'What came later is in an export of now: cd-cli audit export <file>. A head of its own time proves this one: --head',
    );
  const isCut = faults.some(({ kind }) => kind === 'truncated');
  if (isCut && head === undefined)
    talk.next(
      'Its end is missing, and no signed head in it says that it was whole before. Export it anew: cd-cli audit export <file>',
    );
};
