import crypto from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';
import { StatementSync } from 'node:sqlite';
import timers from 'node:timers';
import timersPromises from 'node:timers/promises';

import { Type, type Static } from 'typebox';

import { noted } from './noted.ts';

/** How often this process has done what costs, from its start. */
export const CountsSchema = Type.Object({
  /** Encodings of messages, by the event that they carry. */
  encodes: Type.Record(Type.String(), Type.Integer()),
  signs: Type.Integer(),
  verifies: Type.Integer(),
  requests: Type.Integer(),
  timers: Type.Integer(),
  /** Transactions of SQLite that were committed. */
  commits: Type.Integer(),
  /** Statements of SQLite that may change something, each time that they were run. */
  writes: Type.Integer(),
});
export type Counts = Static<typeof CountsSchema>;

const counts: Counts = { encodes: {}, signs: 0, verifies: 0, requests: 0, timers: 0, commits: 0, writes: 0 };

export const countsNow = (): Counts => structuredClone(counts);

const noteEncoding = (value: unknown): void => {
  // Socket.IO encodes a message as the list of its event and its payloads.
  const event: unknown = Array.isArray(value) ? value[0] : undefined;
  if (typeof event === 'string') counts.encodes[event] = (counts.encodes[event] ?? 0) + 1;
};

const noteSign = (): void => void (counts.signs += 1);
const noteVerify = (): void => void (counts.verifies += 1);
const noteRequest = (): void => void (counts.requests += 1);
const noteTimer = (): void => void (counts.timers += 1);

const writing = /^\s*(?:insert|update|delete|replace|with)\b/iu;

const countStatements = (): void => {
  for (const name of ['run', 'get', 'all', 'iterate'] as const) {
    const original: unknown = Reflect.get(StatementSync.prototype, name);
    if (typeof original !== 'function') throw new TypeError(`Statements of SQLite have no ${name}.`);
    const counting = new Proxy(original, {
      apply: (target, self: unknown, args: unknown[]): unknown => {
        if (self instanceof StatementSync) noteStatement(self.sourceSQL);
        return Reflect.apply(target, self, args) as unknown;
      },
    });
    Reflect.set(StatementSync.prototype, name, counting);
  }
};

const noteStatement = (sql: string): void => {
  if (sql === 'commit') counts.commits += 1;
  else if (writing.test(sql)) counts.writes += 1;
};

/**
 * Counts at the edges of the process: what of Node the product calls, not what it says of itself. Import it before
 * everything else.
 */
const countEdges = (): void => {
  crypto.sign = noted(crypto.sign, noteSign);
  crypto.verify = noted(crypto.verify, noteVerify);
  http.request = noted(http.request, noteRequest);
  https.request = noted(https.request, noteRequest);
  globalThis.fetch = noted(globalThis.fetch, noteRequest);
  globalThis.setTimeout = noted(globalThis.setTimeout, noteTimer);
  globalThis.setInterval = noted(globalThis.setInterval, noteTimer);
  timers.setTimeout = noted(timers.setTimeout, noteTimer);
  timers.setInterval = noted(timers.setInterval, noteTimer);
  timersPromises.setTimeout = noted(timersPromises.setTimeout, noteTimer);
  countStatements();
  JSON.stringify = noted(JSON.stringify, noteEncoding);
  syncBuiltinESMExports();
};

countEdges();
