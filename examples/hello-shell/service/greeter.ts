import { runtime } from 'cd-push:runtime';

import { readConfig } from '../src/app-config.ts';
import { buttons } from '../src/counter.controller.ts';
import { greet } from '../src/greeting.ts';
import type { ServiceState } from './state.ts';

const config = runtime.config('/hello-shell/config/app.json');

const textOf = (resource: string): string => runtime.text(resource).get() ?? '';

/** What there is to say to a visitor, made of the same files as the page. */
export const stateFor = (visitor: string): ServiceState => ({
  ...readConfig(config.get()),
  greeting: greet(visitor),
  buttons,
  template: textOf('/hello-shell/src/counter.html'),
  style: textOf('/hello-shell/src/app.css'),
  logo: textOf('/hello-shell/assets/logo.svg'),
});
