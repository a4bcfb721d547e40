import { connect, type RuntimeSession } from '@cd-push/client';
import { branded, isSessionRevocation, recipientIdOf, type ResourceGuid } from '@cd-push/protocol';

import { pushEvents, type Link } from './link.ts';

/** The line's link over the project's client. */
export const clientLink = (relayUrl: string, session: RuntimeSession, instance: string): Link => {
  const { identity } = session;
  let connection: ReturnType<typeof connect> | undefined;
  return {
    self: () => {
      const { module, environment, labels, groups } = session.described;
      return {
        guid: identity.resourceGuid,
        recipient: recipientIdOf(branded<ResourceGuid>(identity.resourceGuid), instance),
        user: null,
        module,
        environment,
        labels,
        groups: groups.map(String),
        trust: identity.trustRoot,
      };
    },
    now: () => session.clock.now(),
    open(handlers) {
      const connected = connect({
        relayUrl,
        session,
        greet: async (ask) => {
          const welcome = await ask('runtime-hello', handlers.hello());
          greeted = () => handlers.welcomed(welcome);
        },
      });
      let greeted: (() => void) | undefined;
      connection = connected;
      connected.onStatus((status) => {
        switch (status.state) {
          // Before this nothing may be sent, the answers to the catch-up included.
          case 'open':
            greeted?.();
            greeted = undefined;
            return;
          case 'connecting':
            return handlers.disconnected();
          case 'ended':
            return handlers.refused(status.problem);
          default:
            return status satisfies never;
        }
      });
      for (const event of pushEvents) connected.on(event, (envelope) => handlers.pushed(envelope));
      connected.on('session-revoked', (revocation) => {
        if (isSessionRevocation(revocation)) handlers.sessionRevoked(revocation.session);
      });
    },
    delivered: (acknowledgement) => void connection?.send('push-ack', acknowledgement),
    completed: (acknowledgement) => void connection?.send('push-msg-complete', acknowledgement),
    failed: (failure) => void connection?.send('push-msg-fail', failure),
    close: () => connection?.close(),
  };
};
