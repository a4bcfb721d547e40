import { problemOf, type Problem } from '@cd-push/protocol';

/** Why this page cannot judge a push at all; undefined where it can. */
export const insecureContext = (): Problem | undefined =>
  isSecureContext && 'subtle' in crypto
    ? undefined
    : problemOf('insecure-context', {
        detail:
          'Open the page through HTTPS or on localhost: elsewhere browsers have no means to check a signature.',
      });
