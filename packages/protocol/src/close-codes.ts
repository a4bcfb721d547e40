/**
 * Codes with which the relay closes the underlying WebSocket. A peer that is cut with a `comesBack` code should
 * reconnect (after `retryAfter` or its usual backoff); the others are refusals for good.
 */
export const closeCodes = {
  drain: { code: 4001, comesBack: true, sentence: 'This relay is shutting down; another will take you.' },
  slow: { code: 4002, comesBack: true, sentence: 'You read slower than is sent; reconnect and catch up.' },
  rate: { code: 4003, comesBack: true, sentence: 'You sent more than your rate; reconnect later.' },
  expired: { code: 4004, comesBack: true, sentence: 'Your session has expired; renew it and reconnect.' },
  replaced: { code: 4005, comesBack: false, sentence: 'The same instance connected elsewhere.' },
  revoked: { code: 4006, comesBack: false, sentence: 'Your session was ended; sign in again.' },
  unproven: { code: 4008, comesBack: true, sentence: 'You did not prove whose connection this is.' },
  garbage: { code: 4007, comesBack: false, sentence: 'What you sent is not this protocol.' },
} as const satisfies Record<string, { code: number; comesBack: boolean; sentence: string }>;

export type CloseReason = keyof typeof closeCodes;
