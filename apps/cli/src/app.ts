import { buildApplication, buildRouteMap, help, text_en, version as versionFlag } from '@stricli/core';

import { approve } from './commands/approve.ts';
import { audit } from './commands/audit.ts';
import { build } from './commands/build.ts';
import { completion, completions } from './commands/completion.ts';
import { config } from './commands/config.ts';
import { withFoldedHelp } from './commands/folded-help.ts';
import { diff } from './commands/diff.ts';
import { history } from './commands/history.ts';
import { identity } from './commands/identity.ts';
import { joinCode } from './commands/join-code.ts';
import { login, logout } from './commands/login.ts';
import { observe } from './commands/observe.ts';
import { policy } from './commands/policy.ts';
import { proposals } from './commands/proposals.ts';
import { push } from './commands/push.ts';
import { replay } from './commands/replay.ts';
import { resolve } from './commands/resolve.ts';
import { retry } from './commands/retry.ts';
import { rollback } from './commands/rollback.ts';
import { notify, run } from './commands/say.ts';
import { targets } from './commands/targets.ts';
import { track } from './commands/track.ts';
import { up } from './commands/up.ts';
import { watch } from './commands/watch.ts';
import { version } from './version.ts';

const routes = buildRouteMap({
  // In the order in which a newcomer needs them.
  routes: {
    up: withFoldedHelp(up),
    watch: withFoldedHelp(watch),
    push: withFoldedHelp(push),
    track: withFoldedHelp(track),
    resolve: withFoldedHelp(resolve),
    history: withFoldedHelp(history),
    diff: withFoldedHelp(diff),
    rollback: withFoldedHelp(rollback),
    proposals: withFoldedHelp(proposals),
    approve: withFoldedHelp(approve),
    observe: withFoldedHelp(observe),
    retry: withFoldedHelp(retry),
    replay: withFoldedHelp(replay),
    targets: withFoldedHelp(targets),
    notify: withFoldedHelp(notify),
    run: withFoldedHelp(run),
    policy: withFoldedHelp(policy),
    audit: withFoldedHelp(audit),
    login: withFoldedHelp(login),
    logout: withFoldedHelp(logout),
    identity: withFoldedHelp(identity),
    joinCode: withFoldedHelp(joinCode),
    build: withFoldedHelp(build),
    config: withFoldedHelp(config),
    completion: withFoldedHelp(completion),
    completions,
  },
  aliases: {},
  docs: {
    brief: 'Brings saved files to everything that runs them, and shows what became of each',
    fullDescription: [
      'cd-push brings a saved file to every running copy of a program - pages, installed apps, Node processes - without a rebuild or reload, signed, and tracked to each of them.',
      '',
      'Start here, in the folder of a project:',
      '  cd-cli up                run the stack on this machine, and open the page',
      '  cd-cli watch             in another terminal: save a file, and see it arrive',
    ].join('\n'),
    hideRoute: { completions: true },
  },
});

export const app = buildApplication(
  withFoldedHelp(routes),
  {
    name: 'cd-cli',
    scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true },
    localization: { text: text_en },
  },
  {
    help: help({
      brief: 'Print help and exit',
      formatting: {
        // Every command has a dozen options; the list below the line is where they are read.
        onlyRequiredInUsageLine: true,
        useAliasInUsageLine: false,
        caseStyle: 'convert-camel-to-kebab',
      },
    }),
    version: versionFlag({ brief: 'Print the version and exit', info: { currentVersion: version } }),
  },
);
