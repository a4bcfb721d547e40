// A runtime as it is deployed, in a process of its own: the program in it notes what takes effect, this process to whom
// people in front of it would look for notices.
import { startNodeRuntime, type NodeLimits } from '@cd-push/shell-runtime';

import { HistoryWriter } from '../history/history-writer.ts';
import { hearHarness, orderOf, readyLine, say } from './participant.ts';
import { RuntimeOrderSchema } from './runtime-order.ts';

/** A busy machine, and one that was stopped for a while, must not be taken for a program that hangs. */
const patientLimits: Partial<NodeLimits> = {
  applyMs: 40_000,
  settleMs: 30_000,
  startMs: 20_000,
  releaseMs: 20_000,
  handoverMs: 40_000,
  hangMs: 600_000,
};

const order = orderOf(RuntimeOrderSchema);
const { name, logs, apiUrl, relayUrl, base, state, joinCode, values } = order;
const writer = new HistoryWriter(logs, name);
hearHarness(() => undefined);
say(readyLine);

await startNodeRuntime({
  apiUrl,
  relayUrl,
  base,
  entry: '/faults/main.ts',
  stateDir: state,
  joinCode,
  name,
  projectDir: import.meta.dirname,
  env: { FAULTS_LOGS: logs, FAULTS_RUNTIME: name, FAULTS_VALUES: String(values) },
  limits: patientLimits,
  onEvent: (event) => {
    if (event.kind === 'connected') {
      writer.tell({ kind: 'joined', runtime: name, recipient: event.recipient, isHostile: false });
    } else if (event.kind === 'notice') {
      writer.tell({ kind: 'effect', runtime: name, push: event.text, resource: null });
    } else if (event.kind === 'refused') {
      // It would not come back by itself; whoever keeps it up starts it again.
      say(JSON.stringify(event));
      process.exit(1);
    } else if (event.kind !== 'applied') {
      say(JSON.stringify(event));
    }
  },
});
