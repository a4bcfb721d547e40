import type { ICdPushEnvelop, ICommConversationSub } from '@cd-push/protocol';

import { Client } from './clients.ts';

/** Speaks as existing Corpdesk clients do: strings up, an empty guid, `isAppInit` on every message. */
export class LegacyClient extends Client {
  envelope(
    triggerEvent: string,
    to: readonly (string | ICommConversationSub)[],
    m: unknown,
    from = this.guid,
  ): Record<string, unknown> {
    return {
      pushData: {
        appId: 'app',
        appSockets: [],
        pushGuid: '',
        m,
        pushRecepients: [
          this.entry(1, from),
          ...to.map((one) => (typeof one === 'string' ? this.entry(7, one) : one)),
        ],
        triggerEvent,
        emittEvent: '',
        token: 'a-secret-token-of-the-sender',
        isNotification: null,
        isAppInit: true,
        commTrack: {
          initTime: Date.now(),
          relayTime: null,
          relayed: false,
          pushTime: null,
          pushed: false,
          deliveryTime: null,
          delivered: false,
          completedTime: null,
          completed: false,
        },
      },
      req: null,
      resp: null,
    };
  }

  readonly guid: string = crypto.randomUUID();
  /** Of the session that it connected with. */
  user = 0;

  entry(subTypeId: number, resourceGuid: string): ICommConversationSub {
    return {
      userId: 1010,
      subTypeId,
      cdObjId: {
        appId: 'app',
        ngModule: 'ComModule',
        resourceName: 'ComComponent',
        resourceGuid,
        jwtToken: 'a-secret-token-of-the-sender',
        socket: null,
        socketId: 'a-socket-of-the-sender',
        commTrack: null,
      },
    };
  }

  /** As a JSON string, like everything they send. */
  say(event: string, to: readonly (string | ICommConversationSub)[] = [], m: unknown = ''): void {
    this.socket.emit(event, JSON.stringify(namedFor(event, this.envelope(event, to, m))));
  }

  async register(): Promise<ICdPushEnvelop> {
    this.say('register-client');
    return this.next<ICdPushEnvelop>('push-registered-client');
  }

  /** Sends a received envelope back under another name, as they do to acknowledge. */
  reply(event: 'msg-received' | 'msg-completed', { pushData, req, resp }: ICdPushEnvelop): void {
    const commTrack =
      event === 'msg-received'
        ? { ...pushData.commTrack, delivered: true, deliveryTime: Date.now() }
        : { ...pushData.commTrack, completed: true, completedTime: Date.now() };
    const answer = {
      pushData: { ...pushData, triggerEvent: event, commTrack, isNotification: true },
      req,
      resp,
    };
    this.socket.emit(event, JSON.stringify(answer));
  }
}

const namedFor = (event: string, envelope: Record<string, unknown>): Record<string, unknown> => ({
  ...envelope,
  pushData: { ...(envelope.pushData as object), emittEvent: emits[event] ?? 'push-msg-pushed' },
});

const emits: Readonly<Record<string, string>> = {
  'register-client': 'push-registered-client',
  'send-pub': 'push-pub',
};
