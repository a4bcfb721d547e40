import { onDemand } from '../on-demand.ts';
import { keepTrying } from './keep-trying.ts';
import type { Runtime } from './runtime.ts';
import { insecureContext } from './secure.ts';
import type { StartOptions } from './start-options.ts';
import { startPage } from './start-page.ts';

/**
 * Starts the program of a page from its served base, and takes pushes into it from then on. Resolves when the entry was
 * evaluated; the connection comes about meanwhile, and a page without one runs as well: see `Runtime.state().link`.
 *
 * Outside of a secure context signatures cannot be checked. The program is started there, and no push is taken
 * (`insecure-context`).
 *
 * @throws ProblemError where the base cannot be loaded, or the entry fails without any push being at fault.
 */
export const startRuntime = ({
  apiUrl,
  relayUrl,
  environment,
  joinCode,
  trustRoot,
  ...page
}: StartOptions): Promise<Runtime> => {
  // Asked for at once, so that it comes beside the base and the program; neither waits for it.
  const load = () => import('./joined-link.ts');
  let loading = insecureContext() === undefined ? load() : undefined;
  loading?.catch(() => undefined);
  return startPage({
    ...page,
    connect: (instance) =>
      keepTrying(async () => {
        const part = loading ?? load();
        loading = undefined;
        const { joinedLink } = await onDemand(part);
        const module = page.entry.split('/', 2)[1] ?? '';
        return joinedLink({ apiUrl, module, environment, joinCode, trustRoot }, relayUrl, instance);
      }),
  });
};
