import type { ErrorWindow } from './error-window.ts';
import type { ModuleGraph } from './module-graph.ts';
import type { SwapLimits } from './ports.ts';
import { stageChanges } from './stage.ts';
import { SwapError, type ModuleChange, type SwapResult } from './swap-result.ts';
import { Transaction } from './transaction.ts';

/**
 * Puts changes in place in a graph, or what was there before where they fail.
 *
 * @param invalidated resources whose modules asked to be evaluated anew.
 */
export const runSwap = async (
  graph: ModuleGraph,
  errors: ErrorWindow,
  limits: SwapLimits,
  changes: readonly ModuleChange[],
  invalidated: readonly string[],
): Promise<SwapResult> => {
  const transaction = new Transaction(graph, errors, limits);
  const invalidate = graph.onInvalidate;
  const retained = (): { retainedBytes: number; restartAsked: boolean } => {
    const { retainedBytes } = graph;
    return { retainedBytes, restartAsked: retainedBytes > limits.retainedBytes };
  };
  try {
    const staged = await stageChanges(graph, changes);
    await transaction.apply(
      staged,
      invalidated.map((resource) => graph.record(resource)),
    );
    return { status: 'applied', ...transaction.commit(), ...retained() };
  } catch (cause) {
    const failure =
      cause instanceof SwapError ? cause : new SwapError('evaluate', messageOf(cause), { cause });
    const error = failure.cause ?? failure;
    const restoring = await transaction.restore();
    graph.emit('vite:error', { type: 'error', err: { message: messageOf(error), stack: stackOf(error) } });
    return {
      status: 'failed',
      kind: 'apply-failed',
      at: failure.at,
      error,
      stack: stackOf(error),
      chain: failure.chain,
      ...restoring,
      warnings: transaction.warnings,
      ...retained(),
    };
  } finally {
    graph.forgetForeseen();
    graph.onInvalidate = invalidate;
  }
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? String(error)) : String(error);
