import { buildCommand, buildRouteMap } from '@stricli/core';

import type { CliContext } from '../cli-context.ts';
import { lazily } from './command.ts';
import { withFoldedHelp } from './folded-help.ts';
import type { PolicyFlags, PolicySetFlags } from './flags.ts';
import { addressFlags, jsonFlag, modes, placeFlags } from './shared-flags.ts';

const policyPlace = {
  relay: { ...placeFlags.mode, brief: 'Which relay: of the stack here, the configured one, or both' },
  data: placeFlags.data,
} as const;

const list = buildCommand<PolicyFlags, [], CliContext>({
  docs: {
    brief: 'List what holds for runtimes, and whom it concerns',
    fullDescription: [
      'Lists the policies by which pushes are held back, shown to nobody, or taken from some senders alone.',
      '',
      'Examples:',
      '  cd-cli policy',
      '  cd-cli policy --json | jq -r "select(.hold) | .concerns[]"',
    ].join('\n'),
  },
  parameters: { flags: { ...policyPlace, ...jsonFlag } },
  loader: lazily(async () => (await import('../policy/run-policy.ts')).runPolicyList),
});

const set = buildCommand<PolicySetFlags, [string?], CliContext>({
  docs: {
    brief: 'Hold back, silence or restrict what is pushed to runtimes',
    customUsage: ['<target> --hold', '<target> --no-hold --silent', '--group <name> --mode <mode>'],
    fullDescription: [
      'Changes what holds for the runtimes of one address; what is not named stays as it is. It is for whoever may push all that runs there. Held pushes are accepted, wait at the relay, and are sent in their order when the policy is lifted.',
      '',
      'Examples:',
      '  cd-cli policy set till --hold              nothing is sent to the till',
      '  cd-cli policy set till --no-hold           what waited is sent now',
      '  cd-cli policy set all --silent             of this module and environment',
      '  cd-cli policy set --label floor=3 --mode local',
    ].join('\n'),
  },
  parameters: {
    flags: {
      hold: { kind: 'boolean', brief: 'Whether what is pushed waits at the relay', optional: true },
      silent: {
        kind: 'boolean',
        brief: 'Whether the people in front of the runtimes are shown nothing',
        optional: true,
      },
      mode: {
        kind: 'enum',
        values: modes,
        brief: 'Whose pushes they take: their own user’s, others’, or both',
        optional: true,
      },
      group: addressFlags.group,
      label: addressFlags.label,
      environment: placeFlags.environment,
      ...policyPlace,
      ...jsonFlag,
    },
    positional: {
      kind: 'tuple',
      parameters: [
        {
          parse: String,
          brief: 'A runtime, as "targets" shows it, or "all"',
          placeholder: 'target',
          optional: true,
        },
      ],
    },
  },
  loader: lazily(async () => (await import('../policy/run-policy.ts')).runPolicySet),
});

export const policy = buildRouteMap({
  routes: { list: withFoldedHelp(list), set: withFoldedHelp(set) },
  defaultCommand: 'list',
  docs: {
    brief: 'Say what holds for runtimes: held back, silent, whose pushes',
    fullDescription: [
      'A policy holds for the runtimes of an address, those included that join later: what is pushed to them is held back, shown to nobody, or taken from some senders alone.',
      '',
      'Examples:',
      '  cd-cli policy                      what holds, and whom it concerns',
      '  cd-cli policy set till --hold',
    ].join('\n'),
  },
});
