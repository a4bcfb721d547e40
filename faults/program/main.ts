// What runs in a runtime: notes each push that takes effect in it, as the content that runs says. The harness puts
// `values/*.json` beside it.
import type { EventOf } from '@cd-push/faults/event';
import { HistoryWriter } from '@cd-push/faults/history-writer';
import { runtime } from 'cd-push:runtime';

import * as part1 from './parts/part-1.ts';
import * as part2 from './parts/part-2.ts';
import * as part3 from './parts/part-3.ts';
import * as part4 from './parts/part-4.ts';

const {
  FAULTS_LOGS: logs = '.',
  FAULTS_RUNTIME: name = 'runtime',
  FAULTS_VALUES: values = '0',
} = process.env;
const writer = new HistoryWriter(logs, `${name}-program`);

const valueNames = Array.from(
  { length: Number(values) },
  (_, index) => `/faults/values/value-${index + 1}.json`,
);
const parts = new Map<string, unknown>([
  ['/faults/parts/part-1.ts', part1],
  ['/faults/parts/part-2.ts', part2],
  ['/faults/parts/part-3.ts', part3],
  ['/faults/parts/part-4.ts', part4],
]);

/** What values and parts say of the push that brought them, before there was one. */
const ofBase = 'the base';

const pushOf = (value: unknown): string | null =>
  typeof value === 'object' && value !== null && 'push' in value && value.push !== ofBase
    ? String(value.push)
    : null;

/** What is in place, read from where the program itself would. */
const standing = (): EventOf<'state'>['standing'] =>
  Object.fromEntries([
    ...valueNames.map((resource) => [resource, pushOf(runtime.config(resource).get())] as const),
    ...[...parts].map(([resource, part]) => [resource, pushOf(part)] as const),
  ]);

const took = (resource: string | null, push: string | null): void => {
  // Going back to the base is no push's effect.
  if (push !== null) writer.tell({ kind: 'effect', runtime: name, push, resource });
};

writer.tell({ kind: 'start', runtime: name, standing: standing() });

for (const resource of valueNames)
  runtime.config(resource).subscribe((value) => took(resource, pushOf(value)));

const replace = (resource: string, part: unknown): void => {
  parts.set(resource, part);
  took(resource, pushOf(part));
};
import.meta.hot?.accept('./parts/part-1.ts', (part) => replace('/faults/parts/part-1.ts', part));
import.meta.hot?.accept('./parts/part-2.ts', (part) => replace('/faults/parts/part-2.ts', part));
import.meta.hot?.accept('./parts/part-3.ts', (part) => replace('/faults/parts/part-3.ts', part));
import.meta.hot?.accept('./parts/part-4.ts', (part) => replace('/faults/parts/part-4.ts', part));

const schema = { type: 'object', properties: { push: { type: 'string' } }, required: ['push'] } as const;
runtime.command('note', schema, ({ push }) => took(null, push));
runtime.command('tell-state', { type: 'object', properties: {} }, () =>
  writer.tell({ kind: 'state', runtime: name, standing: standing() }),
);
