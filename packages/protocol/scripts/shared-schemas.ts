import type { TSchema } from 'typebox';

/** A schema as JSON says it, in which a part may be a `$ref` to another one by its name. */
export interface PlainSchema {
  readonly [keyword: string]: unknown;
}

/** Keywords that the wire's schemas use, by what stands in them. Whatever else is found is a mistake to be told of. */
const ofOneSchema = ['items', 'not', 'additionalProperties'];
const ofSchemas = ['anyOf'];
const ofNamedSchemas = ['properties', 'patternProperties'];
const plain = [
  'additionalProperties',
  'const',
  'enum',
  'maxItems',
  'maxLength',
  'maxProperties',
  'maximum',
  'minItems',
  'minLength',
  'minProperties',
  'minimum',
  'pattern',
  'required',
  'type',
];
const known = new Set([...ofOneSchema, ...ofSchemas, ...ofNamedSchemas, ...plain]);

/**
 * Takes schemas apart, so that what several of them have in common is written down, and checked, in one place: a page loads
 * each part once.
 */
export class SharedSchemas {
  /** Every part by its name: named schemas first, and each part behind those that it consists of. */
  readonly parts: Readonly<Record<string, PlainSchema>>;
  /** Under which part a named schema stands; two that say the same are one. */
  readonly partOf: Readonly<Record<string, string>>;
  readonly #names = new Map<string, string>();
  readonly #uses = new Map<string, number>();
  readonly #found: Record<string, PlainSchema> = {};

  constructor(schemas: Readonly<Record<string, TSchema>>) {
    const whole = Object.entries(schemas).map(([name, schema]) => [name, plainly(name, schema)] as const);
    for (const [, schema] of whole) this.#count(schema);
    for (const [name, schema] of whole) {
      const key = JSON.stringify(schema);
      if (!this.#names.has(key)) this.#names.set(key, name);
    }
    this.partOf = Object.fromEntries(
      whole.map(([name, schema]) => [name, this.#names.get(JSON.stringify(schema)) ?? name]),
    );
    for (const [name, schema] of whole) {
      if (this.partOf[name] === name) this.#found[name] = mapParts(schema, (part) => this.#part(part));
    }
    this.parts = this.#found;
  }

  #count(schema: PlainSchema): void {
    const key = JSON.stringify(schema);
    const before = this.#uses.get(key) ?? 0;
    this.#uses.set(key, before + 1);
    if (before === 0) mapParts(schema, (part) => (this.#count(part), part));
  }

  #part(schema: PlainSchema): PlainSchema {
    const key = JSON.stringify(schema);
    const isNew = !this.#names.has(key);
    if (isNew && !this.#deservesName(schema, key)) return mapParts(schema, (part) => this.#part(part));
    const name = this.#names.get(key) ?? `part${this.#names.size}`;
    if (isNew) {
      this.#names.set(key, name);
      this.#found[name] = mapParts(schema, (part) => this.#part(part));
    }
    return { $ref: name };
  }

  /** Objects always, since their members are named shorter in a function of their own; of the rest what is used again and is longer than a call. */
  #deservesName(schema: PlainSchema, key: string): boolean {
    if ('properties' in schema) return true;
    const isCall = Object.keys(schema).every((keyword) => ['type', 'const', 'not'].includes(keyword));
    return !isCall && (this.#uses.get(key) ?? 0) > 1;
  }
}

/** Whether a schema, its references followed, takes no `undefined`, so that what fits it is there. */
export const isOfSomething = (schema: unknown, parts: Readonly<Record<string, PlainSchema>>): boolean => {
  if (!isSchema(schema)) return false;
  if (typeof schema.$ref === 'string') return isOfSomething(parts[schema.$ref], parts);
  if (Array.isArray(schema.anyOf)) return schema.anyOf.every((branch) => isOfSomething(branch, parts));
  return (
    (typeof schema.type === 'string' && schema.type !== 'undefined') || 'const' in schema || 'enum' in schema
  );
};

/** As JSON, without what a literal says of its type besides: nothing that equals it is of another. */
const plainly = (name: string, schema: TSchema): PlainSchema => {
  refuseRefinements(name, schema);
  const copy: unknown = JSON.parse(JSON.stringify(schema));
  if (!isSchema(copy)) throw new Error(`${name} is no schema.`);
  return withoutRepetition(name, copy);
};

const withoutRepetition = (name: string, schema: PlainSchema): PlainSchema => {
  for (const keyword of Object.keys(schema)) {
    if (!known.has(keyword)) throw new Error(`${name} uses "${keyword}", which its generator does not know.`);
  }
  const { type: _type, ...rest } = schema;
  const isLiteral = 'const' in schema && Object.keys(rest).length === 1;
  return mapParts(isLiteral ? rest : schema, (part) => withoutRepetition(name, part));
};

/** A refinement is a function, which JSON would leave out without a word. */
const refuseRefinements = (name: string, schema: object): void => {
  for (const member of Object.getOwnPropertyNames(schema)) {
    if (member === '~refine') throw new Error(`${name} has a refinement, which cannot be written down.`);
    const value: unknown = Reflect.get(schema, member);
    if (typeof value === 'object' && value !== null) refuseRefinements(name, value);
  }
};

const mapParts = (schema: PlainSchema, map: (part: PlainSchema) => PlainSchema): PlainSchema =>
  Object.fromEntries(
    Object.entries(schema).map(([keyword, value]) => [keyword, mapKeyword(keyword, value, map)]),
  );

const mapKeyword = (keyword: string, value: unknown, map: (part: PlainSchema) => PlainSchema): unknown => {
  if (ofOneSchema.includes(keyword)) return isSchema(value) ? map(value) : value;
  if (ofSchemas.includes(keyword) && Array.isArray(value)) {
    return value.map((part: unknown) => (isSchema(part) ? map(part) : part));
  }
  if (ofNamedSchemas.includes(keyword) && isSchema(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([name, part]) => [name, isSchema(part) ? map(part) : part]),
    );
  }
  return value;
};

const isSchema = (value: unknown): value is PlainSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
