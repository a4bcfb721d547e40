import { createInterface } from 'node:readline';

import type { TSchema, Static } from 'typebox';
import { Parse } from 'typebox/value';

/** Names the variable by which a participant is told what to do, as JSON. */
export const orderVariable = 'FAULTS_ORDER';
/** Printed once a participant takes part. */
export const readyLine = 'takes part';

/** What the harness wants of this process. */
export const orderOf = <Schema extends TSchema>(schema: Schema): Static<Schema> =>
  Parse(schema, JSON.parse(process.env[orderVariable] ?? 'null'));

/** Hears what the harness says; without the harness there is nothing to take part in. */
export const hearHarness = (hear: (line: string) => void): void => {
  createInterface({ input: process.stdin })
    .on('line', hear)
    .on('close', () => process.exit());
};

export const say = (line: string): void => void process.stdout.write(`${line}\n`);
