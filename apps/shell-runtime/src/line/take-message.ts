import { limits, problemOf, ProblemError, type Problem } from '@cd-push/protocol';
import { digestOf } from '@cd-push/timeline';

import type { Gate, LinePorts } from './line-ports.ts';
import type { Outcome } from './outcomes.ts';
import type { TrustedNotice, TrustedOperation } from './push.ts';

/** Shows what people are told. */
export const takeNotice = async (push: TrustedNotice, ports: LinePorts, gate: Gate): Promise<Outcome> => {
  const text = await messageOf(push);
  const refusal = text === undefined ? altered : tooLate(push, ports);
  if (text === undefined || refusal !== undefined) return failed(refusal ?? altered);
  const unaccepted = await gate.passed();
  if (unaccepted !== undefined) return failed(unaccepted);
  gate.delivered();
  if (ports.state.done(push.statement.pushGuid)?.outcome === 'completed') return { completed: true };
  ports.events.notice({ text, from: push.statement.signer, statement: push.statement });
  await ports.state.settle(doneRecord(push, 'completed', null));
  return { completed: true };
};

/**
 * Starts an operation. It may take its time: `finished` says how it ended, while the line goes on with what comes next.
 */
export const takeOperation = async (
  push: TrustedOperation,
  ports: LinePorts,
  gate: Gate,
): Promise<{ finished: Promise<Outcome> } | Outcome> => {
  const { state } = ports;
  const { pushGuid, operation } = push.statement;
  const text = await messageOf(push);
  const refusal = text === undefined ? altered : tooLate(push, ports);
  if (text === undefined || refusal !== undefined) return failed(refusal ?? altered);
  const args = parsedArguments(text);
  if (args === undefined) return failed(problemOf('invalid-json', { path: '/pushData/m' }));
  const unaccepted = await gate.passed();
  if (unaccepted !== undefined) return failed(unaccepted);
  gate.delivered();

  const before = state.done(pushGuid);
  if (before?.outcome === 'completed') return { completed: true };
  if (before !== undefined && before.attempt >= push.parsed.attempt)
    return failed(before.problem ?? interrupted);
  // Written before it runs: an operation has effects outside, so a page that dies in the middle must not run it twice.
  await state.settle(doneRecord(push, 'started', null));
  return { finished: finish(push, ports, operation, args.value) };
};

const finish = async (
  push: TrustedOperation,
  { state, execute }: LinePorts,
  operation: string,
  args: unknown,
): Promise<Outcome> => {
  try {
    await execute(operation, args);
  } catch (error) {
    const problem = error instanceof ProblemError ? error.problem : failureOf(operation, error);
    await state.settle(doneRecord(push, 'failed', problem));
    return failed(problem);
  }
  await state.settle(doneRecord(push, 'completed', null));
  return { completed: true };
};

const failureOf = (operation: string, error: unknown): Problem =>
  problemOf('apply-failed', {
    detail: `The operation "${operation}" failed: ${error instanceof Error ? error.message : String(error)}`,
    stack: error instanceof Error ? error.stack : undefined,
  });

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

/** Messages are not heads: late ones mean nothing any more, and remembering them for ever would be the only other guard. */
const tooLate = ({ statement }: TrustedNotice | TrustedOperation, { link }: LinePorts): Problem | undefined =>
  link.now() > statement.deliverBy + limits.clockSkewMs ? problemOf('expired') : undefined;

const doneRecord = (
  { statement, parsed }: TrustedNotice | TrustedOperation,
  outcome: 'started' | 'completed' | 'failed',
  problem: Problem | null,
) => ({
  pushGuid: statement.pushGuid,
  attempt: parsed.attempt,
  outcome,
  problem,
  keepUntil: statement.deliverBy + limits.clockSkewMs,
});

const failed = (problem: Problem): Outcome => ({ completed: false, problem });

const altered = problemOf('bad-signature', {
  path: '/pushData/m',
  detail: 'The message has another digest.',
});
const interrupted = problemOf('crashed', { detail: 'The runtime stopped while the operation ran.' });
