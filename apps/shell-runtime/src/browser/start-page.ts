import { now, ProblemError } from '@cd-push/protocol';

import type { Link } from '../link/link.ts';
import { defaultSwapLimits, type SwapLimits } from '../modules/ports.ts';
import { loadBase } from './load-base.ts';
import { Notes } from './notes.ts';
import { PageRuntime } from './page-runtime.ts';
import { mayRestart, remember, restarted } from './persistence.ts';
import type { Runtime } from './runtime.ts';
import { insecureContext } from './secure.ts';
import { startEntry } from './start-entry.ts';

export interface StartPageOptions {
  /** Where the served module's root is, with its `cd-push.base.json`; relative to the page. */
  readonly baseUrl: string;
  /** Resource of the module that starts the program, for example `/shop/src/main.ts`. */
  readonly entry: string;
  /** Shows updates, notices and failures in a corner of the page; true unless said otherwise. */
  readonly overlay?: boolean | undefined;
  readonly limits?: SwapLimits | undefined;
  /** Whether `data:` scripts may run in the page; false unless said otherwise. */
  readonly dataScripts?: boolean | undefined;
  /** Connects this tab; called once, in a secure context alone. Rejects with a `ProblemError`. */
  readonly connect: (instance: string) => Promise<Link>;
}

/**
 * Starts the program of a page and takes pushes into it from then on. Resolves when the entry was evaluated; the
 * connection comes about meanwhile.
 *
 * @throws ProblemError where the base cannot be loaded, or the entry fails without any push being at fault.
 */
export const startPage = async ({
  baseUrl,
  entry,
  overlay = true,
  limits = defaultSwapLimits,
  dataScripts = false,
  connect,
}: StartPageOptions): Promise<Runtime> => {
  const rootUrl = new URL(baseUrl.endsWith('/') ? baseUrl : `${baseUrl}/`, document.baseURI).href;
  const base = await loadBase(rootUrl);
  const remembered = await remember(rootUrl, base, now());
  const runtime = new PageRuntime({
    baseUrl: rootUrl,
    remembered,
    limits,
    dataScripts,
    notes: overlay ? new Notes() : undefined,
  });

  const starting = startEntry(entry, runtime.program, remembered);
  const insecure = insecureContext();
  if (insecure === undefined) void runtime.connect(connect, starting);
  else runtime.refuse(insecure);

  const started = await starting;
  switch (started.status) {
    case 'running':
      restarted();
      return runtime;
    case 'reloading':
      runtime.fail(started.problem);
      if (!mayRestart()) throw new ProblemError(started.problem);
      location.reload();
      return runtime;
    case 'failed':
      runtime.fail(started.problem);
      throw new ProblemError(started.problem);
    default:
      return started satisfies never;
  }
};
