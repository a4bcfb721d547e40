import { buildCommand, buildRouteMap } from '@stricli/core';

import type { CliContext } from '../cli-context.ts';
import { lazily } from './command.ts';
import { withFoldedHelp } from './folded-help.ts';
import type { AuditExportFlags, AuditHeadsFlags, AuditVerifyFlags } from './flags.ts';
import { jsonFlag, placeFlags } from './shared-flags.ts';

const exportAudit = buildCommand<AuditExportFlags, [string?], CliContext>({
  docs: {
    brief: 'Write who did what to a file, as it was hashed',
    customUsage: ['<file>', '> <file>'],
    fullDescription: [
      'Writes the audit of api and relay as JSON lines: who signed in, pushed, retried or set a policy, to what, and what became of it, each row as the text that was hashed; then the signed heads of all chains, which are kept here, too. It is for admins. A file that is there is never overwritten.',
      '',
      'Examples:',
      '  cd-cli audit export ~/audit.jsonl',
      '  cd-cli audit export | jq -r "select(.event == \\"refused\\") | .outcome"',
    ].join('\n'),
  },
  parameters: {
    flags: { mode: placeFlags.mode, data: placeFlags.data, ...jsonFlag },
    positional: {
      kind: 'tuple',
      parameters: [
        { parse: String, brief: 'File to write; stdout without', placeholder: 'file', optional: true },
      ],
    },
  },
  loader: lazily(async () => (await import('../audit/run-export.ts')).runAuditExport),
});

const verify = buildCommand<AuditVerifyFlags, [string], CliContext>({
  docs: {
    brief: 'Prove that an exported audit is as it was written, and whole',
    fullDescription: [
      'Checks an export without asking anybody. Each row names the one before it, so that a row that was changed, left out or moved shows by itself. Whether the end was cut only a head tells that is known from elsewhere: the last ones that this machine saw (kept by "observe" and "audit export"), or the one that --head names.',
      '',
      'Examples:',
      '  cd-cli audit verify ~/audit.jsonl',
      '  cd-cli audit verify ~/audit.jsonl --head heads.txt',
      '  cd-cli audit verify ~/audit.jsonl --head heads.jsonl --issuer-keys issuer.json',
      '',
      'Exit codes: 0 proven, 1 a row is at fault, 2 usage, 7 nothing is at fault, and nobody vouches for the end, or it is older than what is known here.',
    ].join('\n'),
  },
  parameters: {
    flags: {
      head: {
        kind: 'parsed',
        parse: String,
        variadic: true,
        optional: true,
        brief:
          'Head to hold it against: a file of heads, one of its lines, or node:sequence:hash (again for more)',
        placeholder: 'head',
      },
      issuerKeys: {
        kind: 'parsed',
        parse: String,
        optional: true,
        brief:
          'Keys that signed heads are checked with, as the api gives them at /.well-known/cd-push; those pinned at the login by default',
        placeholder: 'file',
      },
      ...jsonFlag,
    },
    positional: {
      kind: 'tuple',
      parameters: [{ parse: String, brief: 'What "audit export" wrote', placeholder: 'file' }],
    },
  },
  loader: lazily(async () => (await import('../audit/run-verify.ts')).runAuditVerify),
});

const heads = buildCommand<AuditHeadsFlags, [], CliContext>({
  docs: {
    brief: 'Print where the chains of audits stood that this machine has seen',
    fullDescription: [
      'Prints a line for each chain: node, last row and its hash, as this machine last saw it while it observed or exported. Kept apart from an export, they prove later that its end was not cut. With --json each is signed by its relay or issuer, for whoever has no reason to believe this machine.',
      '',
      'Examples:',
      '  cd-cli audit heads > heads.txt',
      '  cd-cli audit heads --json > heads.jsonl',
    ].join('\n'),
  },
  parameters: {
    flags: {
      mode: placeFlags.mode,
      data: placeFlags.data,
      json: { ...jsonFlag.json, brief: 'Signed, as JSON, one a line' },
    },
  },
  loader: lazily(async () => (await import('../audit/run-heads.ts')).runAuditHeads),
});

export const audit = buildRouteMap({
  routes: {
    export: withFoldedHelp(exportAudit),
    verify: withFoldedHelp(verify),
    heads: withFoldedHelp(heads),
  },
  docs: {
    brief: 'Export who did what, and prove that nothing of it was changed',
    fullDescription: [
      'Api and relay write down who signed in, pushed, retried or set a policy, and what became of it, in rows that each name the one before. An export of them can be checked by anybody, without asking anybody.',
      '',
      'Examples:',
      '  cd-cli audit export ~/audit.jsonl',
      '  cd-cli audit verify ~/audit.jsonl',
    ].join('\n'),
  },
});
