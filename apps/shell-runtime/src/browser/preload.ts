/**
 * Loads what pushes of every kind, failures and notes may need, so that none of them waits for a server that may be gone by
 * then. What cannot be loaded now is asked for again when it is needed.
 */
export const preload = (): Promise<unknown> =>
  Promise.allSettled([
    import('idiomorph'),
    import('./overlay.ts'),
    import('../components/assets.ts'),
    import('../modules/map-stack.ts'),
  ]);
