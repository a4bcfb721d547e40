import type { ICdPushEnvelop } from '@cd-push/protocol';
import type { TrustRoot } from '@cd-push/timeline';

import { defaultNodeLimits, startNode } from '../../src/node/start-node.ts';
import { MemoryLink } from './memory-link.ts';

/** A process of its own that takes one push, which does not let it live. */
interface Order {
  readonly base: string;
  readonly stateDir: string;
  readonly socket: string;
  readonly trust: TrustRoot;
  readonly envelope: ICdPushEnvelop;
}

process.once('message', (order: Order) => {
  const link = new MemoryLink(order.trust, 'instance-1');
  void startNode({
    base: order.base,
    entry: '/app/main.ts',
    stateDir: order.stateDir,
    instance: 'instance-1',
    link,
    projectDir: order.base,
    env: { SOCKET: order.socket },
    limits: defaultNodeLimits,
    event: () => undefined,
  }).then(() => link.send(order.envelope));
});
