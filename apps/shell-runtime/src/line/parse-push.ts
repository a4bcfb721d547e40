import {
  guardJson,
  isPushedEnvelop,
  ok,
  problemOf,
  refuse,
  type Problem,
  type Result,
} from '@cd-push/protocol';

import { memberOf } from './member-of.ts';
import type { ParsedPush } from './push.ts';

/**
 * The one place where what came off the wire is parsed. Only the check itself is used here: the walk that finds the
 * place of a fault is three times as large as the whole line, and the relay has said it to the sender already.
 */
export const parsePush = (envelope: unknown): Result<ParsedPush, Problem> => {
  const fault = guardJson(envelope);
  if (fault !== undefined) return refuse(fault);
  if (!isPushedEnvelop(envelope)) return refuse(problemOf('invalid-envelope', { path: '' }));
  const { pushData } = envelope;
  const { statement, certificate, acceptance, relayCertificate, attempt = 1 } = pushData;
  if (statement === undefined) return refuse(unproven('/pushData/statement'));
  if (certificate === undefined) return refuse(unproven('/pushData/certificate'));
  if (acceptance === undefined) return refuse(unproven('/pushData/acceptance'));
  if (relayCertificate === undefined) return refuse(unproven('/pushData/relayCertificate'));
  return ok({ data: pushData, statement, certificate, acceptance, relayCertificate, attempt });
};

/** What a failure report must name, read from an envelope that may be faulty anywhere else. */
export const reportableOf = (
  envelope: unknown,
): { pushGuid: string; attempt: number; statement: string } | undefined => {
  const data = memberOf(envelope, 'pushData');
  const pushGuid = memberOf(data, 'pushGuid');
  const statement = memberOf(data, 'statement');
  const attempt = memberOf(data, 'attempt') ?? 1;
  if (typeof pushGuid !== 'string' || typeof statement !== 'string' || typeof attempt !== 'number')
    return undefined;
  return { pushGuid, attempt, statement };
};

const unproven = (path: string): Problem =>
  problemOf('bad-signature', { path, detail: 'The envelope lacks a part of its proof.' });
