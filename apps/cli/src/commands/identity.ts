import { buildCommand, buildRouteMap } from '@stricli/core';

import type { CliContext } from '../cli-context.ts';
import { lazily } from './command.ts';
import type { IdentityFlags, IdentityRevokeFlags, IdentityTrustFlags } from './flags.ts';
import { withFoldedHelp } from './folded-help.ts';
import { jsonFlag, placeFlags } from './shared-flags.ts';

const whereFlags = { mode: placeFlags.mode, data: placeFlags.data, ...jsonFlag } as const;

const create = buildCommand<IdentityFlags, [], CliContext>({
  docs: {
    brief: 'Make an identity on this machine, for the next login',
    fullDescription:
      'Makes the keys of an identity where there is none yet, or the one that there was has been ended. The next login binds it to a user; login makes one by itself, too.',
  },
  parameters: { flags: whereFlags },
  loader: lazily(async () => (await import('../identity/run-identity.ts')).runIdentityCreate),
});

const rotate = buildCommand<IdentityFlags, [], CliContext>({
  docs: {
    brief: 'Put the next key in force',
    fullDescription:
      'The key that the identity was committed to takes the place of the one in force, and another one is made for the next time. Whoever has taken the old one opens no session any more; sessions that are open stay so.',
  },
  parameters: { flags: whereFlags },
  loader: lazily(async () => (await import('../identity/run-identity.ts')).runIdentityRotate),
});

const revoke = buildCommand<IdentityRevokeFlags, [], CliContext>({
  docs: {
    brief: 'End the identity for good',
    fullDescription: [
      'Ends the identity of this machine and all of its sessions. What they have signed is void: no relay sends it, and no runtime starts with it. The next login makes another identity. It asks first.',
      '',
      'Example:',
      '  cd-cli identity revoke --yes      without being asked',
    ].join('\n'),
  },
  parameters: {
    flags: {
      yes: { kind: 'boolean', brief: 'End it without being asked', default: false, withNegated: false },
      ...whereFlags,
    },
  },
  loader: lazily(async () => (await import('../identity/run-identity.ts')).runIdentityRevoke),
});

const show = buildCommand<IdentityFlags, [], CliContext>({
  docs: { brief: 'Show the identity of this machine' },
  parameters: { flags: whereFlags },
  loader: lazily(async () => (await import('../identity/run-identity.ts')).runIdentityShow),
});

const trust = buildCommand<IdentityTrustFlags, string[], CliContext>({
  docs: {
    brief: 'Say whom runtimes believe that join from now on',
    customUsage: ['', '<identity>...', '--any'],
    fullDescription: [
      'A runtime believes every identity that its issuer certifies, unless it joined by a code that names the ones to believe: then nobody else’s push runs there, not even by a word of the issuer. Codes that are made for this project name those that are given here. Of an identity that is not this machine’s it asks once, and remembers the answer.',
      '',
      'Examples:',
      '  cd-cli identity trust bagu…q2a bagu…x7i     these alone',
      '  cd-cli identity trust --any                  whichever the issuer certifies',
    ].join('\n'),
  },
  parameters: {
    flags: {
      any: {
        kind: 'boolean',
        brief: 'Whichever the issuer certifies',
        default: false,
        withNegated: false,
      },
      yes: {
        kind: 'boolean',
        brief: 'Believe identities of other machines without being asked',
        default: false,
        withNegated: false,
      },
      data: placeFlags.data,
      ...jsonFlag,
    },
    positional: {
      kind: 'array',
      parameter: {
        parse: String,
        brief: 'Address of an identity, as "show" shows it',
        placeholder: 'identity',
      },
    },
  },
  loader: lazily(async () => (await import('../identity/run-identity-trust.ts')).runIdentityTrust),
});

export const identity = buildRouteMap({
  routes: {
    show: withFoldedHelp(show),
    create: withFoldedHelp(create),
    rotate: withFoldedHelp(rotate),
    revoke: withFoldedHelp(revoke),
    trust: withFoldedHelp(trust),
  },
  defaultCommand: 'show',
  docs: {
    brief: 'Show, rotate or end the identity of this machine',
    fullDescription: [
      'An identity is a pair of keys on this machine, and a log of what they have claimed that only grows. Each command claims a session by it, and signs with the session’s own key.',
      '',
      'Examples:',
      '  cd-cli identity              who this machine is',
      '  cd-cli identity rotate       the key may have been seen',
      '  cd-cli identity revoke       it was',
    ].join('\n'),
  },
});
