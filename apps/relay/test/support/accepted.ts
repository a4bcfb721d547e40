import { epochMs, freshCommTrack, type RecipientId } from '@cd-push/protocol';
import type { AcceptedPush, Group } from '@cd-push/store';

/** A group of nothing, to be filled. */
export const nothing: Group = {
  offers: [],
  moves: [],
  presence: [],
  departed: [],
  gone: [],
  policies: [],
  audit: [],
};

/** A notice as the journal takes it. */
export const noticeTo = (recipients: readonly RecipientId[]): AcceptedPush => ({
  tenant: 'acme',
  pushGuid: crypto.randomUUID(),
  digest: `sha256-${'A'.repeat(43)}`,
  carries: 'notice',
  trigger: 'notify',
  emits: 'show-notice',
  environment: 'development',
  sender: { subject: 'user-1', session: 'session-1' },
  initTime: epochMs(1_000),
  acceptedAt: epochMs(1_000),
  deliverBy: epochMs(Number.MAX_SAFE_INTEGER),
  signed: { statement: 's', certificate: 'c', session: 'session-1', patches: [] },
  recipients,
  frames: [],
  contents: [],
  envelope: {
    pushData: {
      pushGuid: 'g',
      pushRecepients: [],
      triggerEvent: 'notify',
      emittEvent: 'show-notice',
      commTrack: freshCommTrack(1_000),
    },
    req: null,
    resp: null,
  },
});
