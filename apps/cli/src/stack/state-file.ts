import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { Type, type Static } from 'typebox';
import { Check } from 'typebox/value';

import { writePrivateFile } from '../credentials/private-file.ts';

const StackStateSchema = Type.Object({
  pid: Type.Integer({ minimum: 1 }),
  apiUrl: Type.String(),
  relayUrl: Type.String(),
  /** Where the project's page is served. */
  pageUrl: Type.String(),
  module: Type.String(),
  root: Type.String(),
  /** Folder with the seeded developer's key and session; null where people sign in themselves. */
  credentials: Type.Union([Type.String(), Type.Null()]),
  /** PEM file of the certificate that the stack serves, for clients that are to believe it. */
  certificateFile: Type.Union([Type.String(), Type.Null()]),
});

/** What `cd-cli up` tells the other commands about the stack that it runs. */
export type StackState = Static<typeof StackStateSchema>;

const stateFile = (dataFolder: string): string => join(dataFolder, 'stack.json');

export const writeStackState = (dataFolder: string, state: StackState): void =>
  writePrivateFile(stateFile(dataFolder), `${JSON.stringify(state, undefined, 2)}\n`);

/** Removes what this process wrote, and nothing that a later stack wrote over it. */
export const removeStackState = (dataFolder: string): void => {
  if (readState(dataFolder)?.pid === process.pid) rmSync(stateFile(dataFolder), { force: true });
};

/** The stack that runs now, or undefined: a file that a killed process left behind does not count. */
export const runningStack = (dataFolder: string): StackState | undefined => {
  const state = readState(dataFolder);
  return state !== undefined && isAlive(state.pid) ? state : undefined;
};

const readState = (dataFolder: string): StackState | undefined => {
  try {
    const value: unknown = JSON.parse(readFileSync(stateFile(dataFolder), 'utf8'));
    return Check(StackStateSchema, value) ? value : undefined;
  } catch {
    return undefined;
  }
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and is someone else's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
};
