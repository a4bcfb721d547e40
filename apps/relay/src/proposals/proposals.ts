import {
  limits,
  ok,
  parse,
  problemOf,
  refuse,
  type ApprovePushAnswer,
  type GetProposalAnswer,
  type ListProposalsAnswer,
  type Problem,
  type ProposalView,
  type ProposePushAnswer,
  type Result,
  type WithdrawProposalAnswer,
} from '@cd-push/protocol';
import type { KeptProposal, Proposal } from '@cd-push/store';

import { withdrawnEntry } from '../audit/entries.ts';
import { mayPushAtAll, mayQuery, type Session } from '../authority/session.ts';
import { Turns } from '../peers/turns.ts';
import { acceptProposal } from './accept-proposal.ts';
import { approve, overBy, unknown } from './approve-push.ts';
import type { ProposalPorts } from './proposal-ports.ts';
import { maySeeProposal, proposalView } from './proposal-view.ts';
import { proposePush } from './propose-push.ts';
import { shownEnvelope } from './shown-envelope.ts';

/** Proposals that are read at a time, and pages of them that one list reads at most. */
const perRead = 200;
const pagesAtMost = 10;

/**
 * Pushes that wait for other people's approval. Nothing of one takes effect before enough of them have given it; then it
 * goes the way of every push.
 */
export class Proposals {
  readonly #ports: ProposalPorts;
  /** What is done about one proposal is done one after the other. */
  readonly #turns = new Turns();

  constructor(ports: ProposalPorts) {
    this.#ports = ports;
  }

  propose(payload: unknown, session: Session): Promise<Result<ProposePushAnswer, Problem>> {
    return proposePush(payload, session, this.#ports);
  }

  /** The latest first, as far as the session may see them. */
  async list(payload: unknown, session: Session): Promise<Result<ListProposalsAnswer, Problem>> {
    if (!mayQuery(session)) return refuse(problemOf('forbidden'));
    const query = parse('ListProposals', payload);
    if (!query.ok) return query;
    const { store, clock } = this.#ports;
    const at = clock.now();
    const proposals: ProposalView[] = [];
    let after: Proposal | undefined;
    for (let page = 0; page < pagesAtMost; page += 1) {
      const read = await store.list(session.tenant, after, perRead);
      for (const kept of read) {
        if (!maySeeProposal(session, kept.proposal)) continue;
        const view = proposalView(kept, at);
        if (query.value.waiting !== true || view.state === 'waiting') proposals.push(view);
      }
      after = read.at(-1)?.proposal;
      if (read.length < perRead || proposals.length >= limits.proposalsPerPage) break;
    }
    return ok({ proposals: proposals.slice(0, limits.proposalsPerPage) });
  }

  /** One with all that it brings, for whoever wants to know what it is that they approve of. */
  async get(payload: unknown, session: Session): Promise<Result<GetProposalAnswer, Problem>> {
    if (!mayQuery(session)) return refuse(problemOf('forbidden'));
    const query = parse('GetProposal', payload);
    if (!query.ok) return query;
    const { store, clock } = this.#ports;
    const { pushGuid } = query.value;
    const kept = await store.find(session.tenant, pushGuid);
    if (kept === undefined || !maySeeProposal(session, kept.proposal)) return refuse(unknown);
    const at = clock.now();
    const over = overBy(kept, at);
    if (over !== undefined) return refuse(over);
    const envelope = await store.envelope(session.tenant, pushGuid);
    if (envelope === undefined) return refuse(unknown);
    const shown = await shownEnvelope(kept.proposal, envelope, this.#ports.contents);
    return ok({ proposal: proposalView(kept, at), envelope: shown });
  }

  approve(payload: unknown, session: Session): Promise<Result<ApprovePushAnswer, Problem>> {
    return this.#inTurn(payload, session, async () => {
      const approved = await approve(payload, session, this.#ports);
      if (!approved.ok) return approved;
      const { kept, envelope } = approved.value;
      return this.#answer(envelope === undefined ? kept : await acceptProposal(kept, envelope, this.#ports));
    });
  }

  withdraw(payload: unknown, session: Session): Promise<Result<WithdrawProposalAnswer, Problem>> {
    return this.#inTurn(payload, session, async () => {
      if (!mayPushAtAll(session)) return refuse(problemOf('forbidden'));
      const query = parse('WithdrawProposal', payload);
      if (!query.ok) return query;
      const { store, clock, journal } = this.#ports;
      const { pushGuid } = query.value;
      const kept = await store.find(session.tenant, pushGuid);
      if (kept === undefined || !maySeeProposal(session, kept.proposal)) return refuse(unknown);
      if (kept.proposal.sender.subject !== session.subject) {
        const detail = 'Only who has proposed it may withdraw it. Who does not approve of it leaves it.';
        return refuse(problemOf('forbidden', { path: '/pushGuid', detail }));
      }
      const at = clock.now();
      const changed = await store.change(session.tenant, pushGuid, ({ proposal, standing }) =>
        overBy({ proposal, standing }, at) === undefined
          ? { standing: { ...standing, state: 'withdrawn' }, audit: withdrawnEntry(session, proposal, at) }
          : undefined,
      );
      if (changed === undefined) return refuse(unknown);
      journal.stir();
      const over = changed.standing.state === 'withdrawn' ? undefined : overBy(changed, at);
      return over === undefined ? this.#answer(changed) : refuse(over);
    });
  }

  #answer(kept: KeptProposal): Result<ApprovePushAnswer, Problem> {
    return ok({ proposal: proposalView(kept, this.#ports.clock.now()) });
  }

  #inTurn<Value>(payload: unknown, { tenant }: Session, work: () => Promise<Value>): Promise<Value> {
    const guid: unknown =
      typeof payload === 'object' && payload !== null ? Reflect.get(payload, 'pushGuid') : undefined;
    return typeof guid === 'string' ? this.#turns.take(`${tenant} ${guid}`, work) : work();
  }
}
