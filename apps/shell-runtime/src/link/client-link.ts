import { connectRuntime, onEnvelopes, type RuntimeSession } from '@cd-push/client';
import {
  branded,
  isAuditHeads,
  isEditSettled,
  isRuntimePolicy,
  isSessionRevocation,
  ProblemError,
  problemOf,
  recipientIdOf,
  type ResourceGuid,
} from '@cd-push/protocol';

import { pushEvents, type Link } from './link.ts';

/** The line's link over the project's client. */
export const clientLink = (relayUrl: string, session: RuntimeSession, instance: string): Link => {
  const { identity } = session;
  const closing = new AbortController();
  let connection: ReturnType<typeof connectRuntime> | undefined;
  return {
    self: () => {
      const { module, environment, labels, groups, user } = session.described;
      return {
        guid: identity.resourceGuid,
        recipient: recipientIdOf(branded<ResourceGuid>(identity.resourceGuid), instance),
        user,
        module,
        environment,
        labels,
        groups: groups.map(String),
        trust: identity.trustRoot,
        approvals: identity.approvals ?? 0,
      };
    },
    now: () => session.clock.now(),
    open(handlers) {
      const connected = connectRuntime({
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
      onEnvelopes(connected, pushEvents, (envelope) => handlers.pushed(envelope));
      connected.on('session-revoked', (revocation) => {
        if (isSessionRevocation(revocation)) handlers.sessionRevoked(revocation.session);
      });
      connected.on('policy-changed', (policy) => {
        if (isRuntimePolicy(policy)) handlers.policyChanged(policy);
      });
      connected.on('edit-settled', (settlement) => {
        if (isEditSettled(settlement)) handlers.editSettled(settlement);
      });
      connected.on('audit-heads', (told) => {
        if (isAuditHeads(told)) handlers.auditHeads(told.heads);
      });
    },
    delivered: (acknowledgement) => void connection?.send('push-ack', acknowledgement),
    completed: (acknowledgement) => void connection?.send('push-msg-complete', acknowledgement),
    failed: (failure) => void connection?.send('push-msg-fail', failure),
    content: async (digest, atMost) => {
      const { contentAtRelay } = await import('./content-at-relay.ts');
      return contentAtRelay({ relayUrl, session, digest, signal: closing.signal }, atMost);
    },
    saveEdit: async (edit) => {
      if (connection === undefined) throw new ProblemError(problemOf('unavailable'));
      await connection.request('save-edit', edit, { signal: closing.signal });
    },
    close: () => {
      closing.abort();
      connection?.close();
    },
  };
};
