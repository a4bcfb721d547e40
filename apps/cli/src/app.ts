import { buildApplication, buildRouteMap, text_en } from '@stricli/core';

import { push } from './commands/push.ts';
import { up } from './commands/up.ts';
import { watch } from './commands/watch.ts';
import { version } from './version.ts';

const routes = buildRouteMap({
  routes: { up, watch, push },
  docs: {
    brief: 'Brings saved files to everything that runs them, and shows what became of each',
  },
});

export const app = buildApplication(routes, {
  name: 'cd-cli',
  versionInfo: { currentVersion: version },
  scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true },
  localization: { text: text_en },
});
