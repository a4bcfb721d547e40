import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import {
  parse,
  parseEnvelope,
  parseJson,
  parseResource,
  targetsOf,
  type Problem,
  type Result,
  type SchemaName,
} from '../src/index.ts';

const folder = (name: string): URL => new URL(`../fixtures/${name}/`, import.meta.url);
const read = (name: string, file: string): string => readFileSync(new URL(file, folder(name)), 'utf8');

const faultOf = (result: Result<unknown, Problem>): Problem | undefined =>
  result.ok ? undefined : result.problem;

const envelopeFault = (value: unknown): Problem | undefined => {
  const envelope = parseEnvelope(value);
  return envelope.ok ? faultOf(targetsOf(envelope.value.pushData.pushRecepients)) : envelope.problem;
};

interface InvalidFixture {
  readonly title: string;
  readonly schema: 'envelope' | 'json' | 'resource' | SchemaName;
  readonly kind: string;
  readonly path: string;
  readonly value?: unknown;
  readonly text?: string;
}

const faultIn = (fixture: InvalidFixture): Problem | undefined => {
  switch (fixture.schema) {
    case 'envelope':
      return envelopeFault(fixture.value);
    case 'json':
      return faultOf(parseJson(fixture.text ?? ''));
    case 'resource':
      return faultOf(parseResource(String(fixture.value)));
    default:
      return faultOf(parse(fixture.schema, fixture.value));
  }
};

describe('[WIRE-1] every valid fixture parses as it stands', () => {
  it.each(readdirSync(folder('valid')))('%s', (file) => {
    expect(envelopeFault(JSON.parse(read('valid', file)))).toBeUndefined();
  });
});

describe('[WIRE-2] every faulty fixture is refused with its kind and the place of the fault', () => {
  const files = readdirSync(folder('invalid'));

  it('there are at least sixty of them', () => {
    expect(files.length).toBeGreaterThanOrEqual(60);
  });

  it.each(files)('%s', (file) => {
    const fixture = JSON.parse(read('invalid', file)) as InvalidFixture;
    const fault = faultIn(fixture);
    expect({ kind: fault?.kind, path: fault?.path ?? '' }).toEqual({
      kind: fixture.kind,
      path: fixture.path,
    });
  });
});
