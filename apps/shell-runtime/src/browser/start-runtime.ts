import type { TrustRoot } from '@cd-push/timeline';

import type { Runtime } from './runtime.ts';
import { startPage } from './start-page.ts';

export interface StartOptions {
  /** Where the runtime enrols and gets its tokens. */
  readonly apiUrl: string;
  readonly relayUrl: string;
  /** Where the served module's root is, with its `cd-push.base.json`; relative to the page. */
  readonly baseUrl: string;
  /** Resource of the module that starts the program, for example `/shop/src/main.ts`. */
  readonly entry: string;
  /** Trades for a credential at the first start in a browser profile; not looked at later. */
  readonly joinCode?: string | undefined;
  /** Whom to believe; without it, whoever answers the first enrolment. */
  readonly trustRoot?: TrustRoot | undefined;
  /** Shows updates, notices and failures in a corner of the page; true unless said otherwise. */
  readonly overlay?: boolean | undefined;
}

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
  joinCode,
  trustRoot,
  ...page
}: StartOptions): Promise<Runtime> =>
  startPage({
    ...page,
    connect: async (instance) => {
      const { joinedLink } = await import('./joined-link.ts');
      return joinedLink({ apiUrl, relayUrl, joinCode, trustRoot }, instance);
    },
  });
