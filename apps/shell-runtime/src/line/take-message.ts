import { problemOf, type Problem } from '@cd-push/protocol';
import { digestOf } from '@cd-push/timeline';

import type { Arrival } from './journal-progress.ts';
import { lastMoment, type Ledger } from './ledger.ts';
import type { Gate, LinePorts } from './line-ports.ts';
import type { Outcome } from './outcomes.ts';
import type { TrustedNotice, TrustedOperation } from './push.ts';

/** What a message needs besides the platform. */
interface MessagePorts {
  readonly ledger: Ledger;
  readonly gate: Gate;
  readonly arrival: Arrival;
}

/** How it ended, or `finished`, which says so where it has begun. */
export type Taken = { readonly finished: Promise<Outcome> } | Outcome;

/** Shows what people are told. */
export const takeNotice = async (
  push: TrustedNotice,
  { link, events }: LinePorts,
  ports: MessagePorts,
): Promise<Taken> => {
  const text = await messageOf(push);
  if (text === undefined) return failed(altered);
  return take(push, link.now(), ports, () =>
    events.notice({ text, from: push.statement.signer, statement: push.statement }),
  );
};

/** Runs an operation. */
export const takeOperation = async (
  push: TrustedOperation,
  { link, execute }: LinePorts,
  ports: MessagePorts,
): Promise<Taken> => {
  const text = await messageOf(push);
  if (text === undefined) return failed(altered);
  const args = parsedArguments(text);
  if (args === undefined) return failed(problemOf('invalid-json', { path: '/pushData/m' }));
  return take(push, link.now(), ports, () => execute(push.statement.operation, args.value));
};

const take = async (
  push: TrustedNotice | TrustedOperation,
  at: number,
  { ledger, gate, arrival }: MessagePorts,
  effect: () => unknown,
): Promise<Taken> => {
  // Messages are not heads: late ones mean nothing any more, and remembering them for ever would be the only other guard.
  if (at > lastMoment(push.statement)) return failed(problemOf('expired'));
  const unaccepted = await gate.passed();
  if (unaccepted !== undefined) return failed(unaccepted);
  gate.delivered(true);
  const known = ledger.outcomeOf(push);
  if (known === undefined) return ledger.begin(push, arrival, effect);
  return known instanceof Promise ? { finished: known } : known;
};

const parsedArguments = (text: string): { readonly value: unknown } | undefined => {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
};

/** The message, if it is the one that was signed. */
const messageOf = async ({
  parsed,
  statement,
}: TrustedNotice | TrustedOperation): Promise<string | undefined> => {
  const { m } = parsed.data;
  return typeof m === 'string' && (await digestOf(m)) === statement.message ? m : undefined;
};

const failed = (problem: Problem): Outcome => ({ completed: false, problem });

const altered = problemOf('bad-signature', {
  path: '/pushData/m',
  detail: 'The message has another digest.',
});
