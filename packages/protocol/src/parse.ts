import type { Static } from 'typebox';
import { Errors } from 'typebox/value';

import { checks } from './generated/validators.ts';
import { readCommTrack } from './comm-track-input.ts';
import { guardJson, pointerPart } from './json-guard.ts';
import { limits } from './limits.ts';
import type { ProblemKind } from './problem-kinds.ts';
import { problemOf } from './problem.ts';
import { ok, refuse, type Result } from './result.ts';
import { schemas, type SchemaName } from './schemas.ts';
import type { ICdPushEnvelop } from './wire/cd-push-envelop.ts';
import type { Problem } from './wire/problem-schema.ts';

type Parsed<Name extends SchemaName> = Static<(typeof schemas)[Name]>;

/**
 * Parses a decoded JSON value against a schema of the wire, once, at the edge. The compiled check decides; only when it
 * says no is the slow walk done that finds the place.
 *
 * @param kind of the problem that a misfit becomes.
 */
export const parse = <Name extends SchemaName>(
  name: Name,
  value: unknown,
  kind: ProblemKind = 'invalid-request',
): Result<Parsed<Name>, Problem> => {
  const fault = guardJson(value, kind);
  if (fault !== undefined) return refuse(fault);
  return fits(name, value) ? ok(value) : refuse(problemOf(kind, locate(name, value)));
};

const fits = <Name extends SchemaName>(name: Name, value: unknown): value is Parsed<Name> =>
  checks[name](value);

/** Parses an envelope as any peer may send it; its track comes out whole. */
export const parseEnvelope = (value: unknown): Result<ICdPushEnvelop, Problem> => {
  const crowd = recipientsIn(value);
  if (crowd > limits.recipients) {
    return refuse(
      problemOf('too-many-recipients', {
        path: '/pushData/pushRecepients',
        detail: `${crowd} recipients; at most ${limits.recipients} fit one push. Address a group or a selector instead.`,
      }),
    );
  }
  const parsed = parse('CdPushEnvelopInput', value, 'invalid-envelope');
  if (!parsed.ok) return parsed;
  const { pushData, req, resp } = parsed.value;
  return ok({ pushData: { ...pushData, commTrack: readCommTrack(pushData.commTrack) }, req, resp });
};

/** Parses JSON text; the problem says nothing of the content, which may be secret. */
export const parseJson = (text: string): Result<unknown, Problem> => {
  try {
    const value: unknown = JSON.parse(text);
    return ok(value);
  } catch {
    return refuse(problemOf('invalid-json', { detail: 'Send one JSON value in UTF-8.' }));
  }
};

const recipientsIn = (value: unknown): number => {
  if (!isRecord(value) || !isRecord(value.pushData)) return 0;
  const entries = value.pushData.pushRecepients;
  return Array.isArray(entries) ? entries.length : 0;
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/**
 * The place and the rule that say most: of a union, the branch that was meant is the one whose literals (a kind, an
 * encoding) are contradicted least; of what is left, the deepest misfit.
 */
const locate = (name: SchemaName, value: unknown): { path: string; detail: string } => {
  const faults = ofMeantBranches(Errors(schemas[name], value)).map((error) => {
    const missing = error.keyword === 'required' ? error.params.requiredProperties[0] : undefined;
    const path = missing === undefined ? error.instancePath : `${error.instancePath}/${pointerPart(missing)}`;
    return {
      path,
      detail: missing === undefined ? `${name} ${error.message}.` : `${name} lacks "${missing}".`,
    };
  });
  const depth = (fault: { path: string }): number => fault.path.split('/').length;
  const first = { path: '', detail: `Does not fit ${name}.` };
  return faults.reduce((best, fault) => (depth(fault) > depth(best) ? fault : best), faults[0] ?? first);
};

type SchemaError = ReturnType<typeof Errors>[number];

const branchPattern = /\/anyOf\/(\d+)(?=\/|$)/g;

/** The errors without those of union branches that were not meant, outermost unions first. */
const ofMeantBranches = (errors: readonly SchemaError[], level = 0): readonly SchemaError[] => {
  const unions = new Map<string, Map<string, number>>();
  const branchAt = ({ schemaPath }: SchemaError): { union: string; branch: string } | undefined => {
    const match = [...schemaPath.matchAll(branchPattern)][level];
    return match === undefined
      ? undefined
      : { union: schemaPath.slice(0, match.index), branch: match[1] ?? '' };
  };
  for (const error of errors) {
    const at = branchAt(error);
    if (at === undefined) continue;
    const branches = unions.get(at.union) ?? new Map<string, number>();
    // A branch of another type altogether was meant even less than one with a wrong literal.
    const wrongType = error.keyword === 'type' && error.schemaPath === `${at.union}/anyOf/${at.branch}`;
    const within = error.schemaPath.slice(`${at.union}/anyOf/${at.branch}`.length);
    const wrongLiteral = error.keyword === 'const' && !within.includes('/anyOf/');
    const weight = wrongType ? 1000 : wrongLiteral ? 1 : 0;
    branches.set(at.branch, (branches.get(at.branch) ?? 0) + weight);
    unions.set(at.union, branches);
  }
  if (unions.size === 0) return errors;
  const kept = errors.filter((error) => {
    const at = branchAt(error);
    const branches = at === undefined ? undefined : unions.get(at.union);
    return (
      at === undefined || branches === undefined || branches.get(at.branch) === Math.min(...branches.values())
    );
  });
  return ofMeantBranches(kept, level + 1);
};
