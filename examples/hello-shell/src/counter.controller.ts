import { greet } from './greeting.ts';

/** How far one press of a button counts. */
const step = 1;

/** What the buttons say. */
export const buttons = { less: `−${step}`, more: `+${step}` };

/** Runs the counter in an element that shows counter.html. */
export const startCounter = (host: HTMLElement, start = 0): void => {
  let count = start;
  const ended = new AbortController();
  const { signal } = ended;

  const show = (): void => {
    const visitor = host.querySelector('input')?.value ?? '';
    write('[data-greeting]', greet(visitor));
    write('[data-count]', String(count));
    write('[data-less]', buttons.less);
    write('[data-more]', buttons.more);
  };
  const write = (selector: string, text: string): void => {
    const element = host.querySelector(selector);
    if (element !== null) element.textContent = text;
  };

  // Listening on the host outlives whatever a new template does to what is in it.
  host.addEventListener('input', show, { signal });
  host.addEventListener(
    'click',
    ({ target }) => {
      if (!(target instanceof Element)) return;
      if (target.closest('[data-more]') !== null) count += step;
      else if (target.closest('[data-less]') !== null) count -= step;
      show();
    },
    { signal },
  );
  // A new template may have places that the former one had not.
  import.meta.hot?.on('cd-push:template', show);
  show();

  import.meta.hot?.dispose((data) => {
    ended.abort();
    Object.assign(data, { host, count });
  });
};

// Whoever only starts the counter need not hear of a new version: it goes on by itself where the former one was.
// The service, which reads the buttons as well, is evaluated again.
import.meta.hot?.acceptExports('startCounter');

const { host, count } = import.meta.hot?.data ?? {};
if (typeof count === 'number' && host instanceof HTMLElement) startCounter(host, count);
