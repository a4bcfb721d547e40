import { branded, epochMs, recipientIdOf, type RecipientId, type ResourceGuid } from '@cd-push/protocol';
import { openSqliteJournal } from '@cd-push/store';
import { expect, it, onTestFinished } from 'vitest';

import { auditRows } from '../src/audit/entries.ts';
import type { CatchUps } from '../src/catch-up/catch-ups.ts';
import { Journal } from '../src/journal/journal.ts';
import { Emission } from '../src/line/emit.ts';
import { silentLog } from '../src/log.ts';
import type { Outlet, RuntimePeer } from '../src/peers/peer.ts';
import { Peers } from '../src/peers/peers.ts';
import { Acknowledgements } from '../src/tracks/acknowledge.ts';
import { Notices } from '../src/tracks/notices.ts';
import { Tracker } from '../src/tracks/tracker.ts';
import { noticeTo } from './support/accepted.ts';
import { ManualClock } from './support/manual-clock.ts';
import { watched } from './support/watched-store.ts';

const crowd = 1_000;

const outlet: Outlet = { emit: () => {}, cut: () => {}, isOpen: true, drained: async () => {} };

const policy = { hold: false, silent: false, mode: 'hybrid' } as const;

const runtimePeer = (index: number): { peer: RuntimePeer; recipient: RecipientId } => {
  const guid = branded<ResourceGuid>(`runtime-${index}`);
  const recipient = recipientIdOf(guid, 'one');
  const peer: RuntimePeer = {
    id: `peer-${index}`,
    outlet,
    running: undefined,
    session: {
      kind: 'runtime',
      key: undefined,
      id: guid,
      subject: guid,
      tenant: 'acme',
      roles: ['runtime'],
      expiresAt: epochMs(Number.MAX_SAFE_INTEGER),
      runtime: {
        guid,
        name: 'till',
        user: null,
        module: 'shop',
        environment: 'development',
        labels: {},
        groups: [],
        approvals: 0,
        hasConnected: true,
      },
    },
  };
  return { peer, recipient };
};

it('a thousand recipients cost one commit, one encoding and one notice for each stage that they reach together', async () => {
  const groups: { offers: number; moves: number; audit: number }[] = [];
  const store = watched(await openSqliteJournal(':memory:', { node: 'relay' }), (group, commit) => {
    groups.push({ offers: group.offers.length, moves: group.moves.length, audit: group.audit.length });
    return commit();
  });
  const clock = new ManualClock();
  const journal = await Journal.open({
    store,
    rows: auditRows,
    clock,
    log: silentLog,
    parcelsOf: async () => new Map(),
  });
  onTestFinished(() => journal.close());
  const peers = new Peers();
  const tracker = new Tracker(journal);
  const broadcasts: number[] = [];
  const emission = new Emission({
    peers,
    tracker,
    clock,
    policies: { of: () => policy, takes: () => true },
    broadcast: (to) => void broadcasts.push(to.length),
  });
  const notices: string[] = [];
  const told = new Notices({
    notice: (_, event, { recipients }) => void notices.push(`${event} ${recipients.length}`),
  });
  const nobodyCatchesUp = {} as CatchUps;
  journal.onAccepted((push, parcel) => emission.accepted(push, parcel, nobodyCatchesUp));
  journal.onAccepted((push) => told.accepted(push));
  journal.onWritten((changes) => told.written(changes));
  const acknowledgements = new Acknowledgements(journal, tracker, clock, silentLog);

  const runtimes = Array.from({ length: crowd }, (_, index) => {
    const { peer, recipient } = runtimePeer(index);
    const running = {
      recipient,
      kind: 'node',
      base: null,
      retainedBytes: 0,
      held: new Map(),
      policy,
      untracked: new Map<string, number>(),
      isCaughtUp: true,
      since: epochMs(0),
      covered: undefined,
      waiting: undefined,
    } as const;
    return { peer: peers.bind(peer, { ...running }).peer, recipient };
  });
  const push = noticeTo(runtimes.map(({ recipient }) => recipient));
  expect(await journal.append(push, [])).toMatchObject({ outcome: 'appended' });
  await journal.idle();
  for (const event of ['push-ack', 'push-msg-complete'] as const) {
    const { pushGuid, digest } = push;
    const word = { pushGuid, attempt: 1, statement: digest, at: 2_000 };
    const problems = await Promise.all(runtimes.map(({ peer }) => acknowledgements.take(event, word, peer)));
    expect(problems.filter((problem) => problem !== undefined)).toEqual([]);
    await journal.idle();
  }
  expect(groups).toEqual([
    { offers: 1, moves: 0, audit: 0 },
    { offers: 0, moves: crowd, audit: 0 },
    { offers: 0, moves: crowd, audit: 1 },
    { offers: 0, moves: crowd, audit: 1 },
  ]);
  expect(broadcasts).toEqual([crowd]);
  await expect.poll(() => notices).toHaveLength(4);
  expect(notices).toEqual([
    `push-msg-relayed ${crowd}`,
    `push-msg-pushed ${crowd}`,
    `push-delivered ${crowd}`,
    `push-msg-completed ${crowd}`,
  ]);
});
