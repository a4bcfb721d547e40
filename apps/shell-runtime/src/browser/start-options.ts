import type { TrustRoot } from '@cd-push/timeline';

export interface StartOptions {
  /** Where the runtime enrols and gets its tokens. */
  readonly apiUrl: string;
  readonly relayUrl: string;
  /** Where the served module's root is, with its `cd-push.base.json`; relative to the page. */
  readonly baseUrl: string;
  /** Resource of the module that starts the program, for example `/shop/src/main.ts`. */
  readonly entry: string;
  /**
   * What this page is, where it was built for one environment; a credential of another is refused then, so that a join
   * code in a link cannot make it listen to those who may push elsewhere only.
   */
  readonly environment?: string | undefined;
  /** Trades for a credential at the first start in a browser profile; not looked at later. */
  readonly joinCode?: string | undefined;
  /** Whom to believe; without it, whoever answers the first enrolment. */
  readonly trustRoot?: TrustRoot | undefined;
  /**
   * Whether `data:` scripts may run in the page, as where it has no content security policy: pushed modules are there sooner by
   * them than by `blob:` ones, which are used otherwise, and wherever a policy is met all the same.
   */
  readonly dataScripts?: boolean | undefined;
  /** Shows updates, notices and failures in a corner of the page; true unless said otherwise. */
  readonly overlay?: boolean | undefined;
}
