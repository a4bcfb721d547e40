import fc from 'fast-check';
import type { TSchema } from 'typebox';

type Sample = fc.Arbitrary<unknown>;
type Plain = Readonly<Record<string, unknown>>;

/** Values that fit a schema, as far as its keywords are those of the wire. */
export const samples = (schema: TSchema): Sample => sampleOf(plainOf(JSON.parse(JSON.stringify(schema))));

const sampleOf = (schema: Plain): Sample => {
  if ('const' in schema) return fc.constant(schema.const);
  if (Array.isArray(schema.enum)) return fc.constantFrom(...schema.enum.map((one: unknown) => one));
  if (Array.isArray(schema.anyOf)) return fc.oneof(...schema.anyOf.map((one) => sampleOf(plainOf(one))));
  switch (schema.type) {
    case 'string':
      return stringOf(schema);
    case 'integer':
    case 'number':
      return fc.integer({
        min: numberOf(schema.minimum, -5),
        max: Math.min(numberOf(schema.maximum, 1e6), 1e6),
      });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array': {
      const minLength = numberOf(schema.minItems, 0);
      const maxLength = Math.min(numberOf(schema.maxItems, 2), minLength + 2);
      return fc.array(sampleOf(plainOf(schema.items)), { minLength, maxLength });
    }
    case 'object':
      return objectOf(schema);
    default:
      return fc.jsonValue({ maxDepth: 1 });
  }
};

const stringOf = ({ pattern, minLength, maxLength }: Plain): Sample =>
  typeof pattern === 'string'
    ? fc.stringMatching(new RegExp(pattern, 'u'), { size: 'small' })
    : fc.string({
        minLength: numberOf(minLength, 0),
        maxLength: Math.min(numberOf(maxLength, 8), numberOf(minLength, 0) + 8),
      });

const objectOf = (schema: Plain): Sample => {
  const required: unknown[] = Array.isArray(schema.required) ? schema.required : [];
  const members = Object.entries(plainOf(schema.properties)).filter(
    ([, member]) => !('not' in plainOf(member)),
  );
  const written = Object.fromEntries(members.map(([name, member]) => [name, sampleOf(plainOf(member))]));
  // One that may be absent may be `undefined` as well.
  const values = Object.fromEntries(
    Object.entries(written).map(([name, sample]) => [
      name,
      required.includes(name) ? sample : fc.option(sample, { nil: undefined, freq: 8 }),
    ]),
  );
  const record = fc.record(values, {
    requiredKeys: Object.keys(values).filter((name) => required.includes(name)),
  });
  const [[pattern, named] = []] = Object.entries(plainOf(schema.patternProperties));
  const whole =
    pattern === undefined
      ? record
      : fc.dictionary(fc.stringMatching(new RegExp(pattern, 'u')), sampleOf(plainOf(named)), {
          minKeys: numberOf(schema.minProperties, 0),
          maxKeys: 2,
        });
  const least = numberOf(schema.minProperties, 0);
  return whole.filter((value) => Object.keys(value).length >= least);
};

/** The same value with one thing in it wrong, or not: a member gone, of another type, or of another length; or one more. */
export const alterations = (value: unknown, at: number): readonly unknown[] => {
  const places = placesIn(value);
  const place = places[at % places.length] ?? [];
  const wrong = [undefined, null, 0, -1, 1.5, 2 ** 53, '', 'x'.repeat(2000), [], {}, true];
  return [
    ...wrong.map((other) => altered(value, place, () => other)),
    altered(value, place, (before) => (isPlain(before) ? { ...before, more: 1 } : before)),
    altered(value, place.slice(0, -1), (holder) => {
      const last = place.at(-1);
      if (!isPlain(holder) || last === undefined) return holder;
      const { [last]: _gone, ...rest } = holder;
      return rest;
    }),
  ];
};

const placesIn = (value: unknown, at: readonly string[] = []): readonly (readonly string[])[] =>
  typeof value === 'object' && value !== null
    ? [at, ...Object.entries(value).flatMap(([name, member]) => placesIn(member, [...at, name]))]
    : [at];

const altered = (
  value: unknown,
  [first, ...rest]: readonly string[],
  change: (before: unknown) => unknown,
): unknown => {
  if (first === undefined) return change(value);
  if (Array.isArray(value)) {
    return value.map((one: unknown, index) => (String(index) === first ? altered(one, rest, change) : one));
  }
  return isPlain(value) ? { ...value, [first]: altered(value[first], rest, change) } : value;
};

const numberOf = (value: unknown, otherwise: number): number =>
  typeof value === 'number' ? value : otherwise;

const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const plainOf = (value: unknown): Plain => (isPlain(value) ? value : {});
