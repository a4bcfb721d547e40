import { epochMs, type Welcome } from '@cd-push/protocol';

export const epoch = '7d1f6c1e-5d0e-4c56-9d3a-0f5a5f0a9b11';

/** What a relay says to a runtime that lacks nothing. */
export const welcomeOf = (over: Partial<Welcome> = {}): Welcome => ({
  protocol: 1,
  recipient: 'guid-1#instance-1',
  serverTime: epochMs(Date.now()),
  catchUp: 0,
  journal: { epoch, offset: 0 },
  revokedSessions: [],
  envelopeBytes: 8_388_608,
  policy: { hold: false, silent: false, mode: 'hybrid' },
  auditHeads: [],
  ...over,
});
