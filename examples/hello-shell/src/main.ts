import { runtime } from 'cd-push:runtime';

import { readConfig } from './app-config.ts';
import { startCounter } from './counter.controller.ts';

const elementOf = (selector: string): HTMLElement => {
  const element = document.querySelector<HTMLElement>(selector);
  if (element === null) throw new Error(`The page has no ${selector}.`);
  return element;
};

const config = runtime.config('/hello-shell/config/app.json');
const title = elementOf('[data-title]');

const showConfig = (value: unknown): void => {
  const { title: text, accent } = readConfig(value);
  title.textContent = text;
  document.title = text;
  document.documentElement.style.setProperty('--accent', accent);
};
showConfig(config.get());
config.subscribe(showConfig);

const host = elementOf('#counter');
await runtime.template('/hello-shell/src/counter.html', host);
startCounter(host);

if ('serviceWorker' in navigator) {
  navigator.serviceWorker
    .register('/service-worker.js', { updateViaCache: 'none' })
    .catch((error: unknown) => {
      console.warn('Without its service worker the page does not open without a network.', error);
    });
}
