import { pointerPart } from '@cd-push/protocol';

/**
 * What an operation takes: the part of JSON Schema that arguments need. It is interpreted, since a page's policy may
 * forbid the generated code that fast validators are; TypeBox's schemas of these kinds fit as they are.
 */
export type ArgumentSchema =
  | {
      readonly type: 'string';
      readonly minLength?: number;
      readonly maxLength?: number;
      readonly pattern?: string;
    }
  | { readonly type: 'number' | 'integer'; readonly minimum?: number; readonly maximum?: number }
  | { readonly type: 'boolean' | 'null' }
  | { readonly const: string | number | boolean | null }
  | { readonly enum: readonly (string | number | boolean | null)[] }
  | { readonly anyOf: readonly ArgumentSchema[] }
  | {
      readonly type: 'array';
      readonly items: ArgumentSchema;
      readonly minItems?: number;
      readonly maxItems?: number;
    }
  | {
      readonly type: 'object';
      readonly properties: Readonly<Record<string, ArgumentSchema>>;
      readonly required?: readonly string[];
      /** Members that are not named are refused unless this is true. */
      readonly additionalProperties?: boolean;
    };

/** The type of the values that a schema lets through. */
export type ArgumentsOf<Schema> = Schema extends { readonly const: infer Value }
  ? Value
  : Schema extends { readonly enum: readonly (infer Value)[] }
    ? Value
    : Schema extends { readonly anyOf: readonly (infer One)[] }
      ? ArgumentsOf<One>
      : Schema extends { readonly type: 'string' }
        ? string
        : Schema extends { readonly type: 'number' | 'integer' }
          ? number
          : Schema extends { readonly type: 'boolean' }
            ? boolean
            : Schema extends { readonly type: 'null' }
              ? null
              : Schema extends { readonly type: 'array'; readonly items: infer Item }
                ? ArgumentsOf<Item>[]
                : Schema extends { readonly type: 'object'; readonly properties: infer Properties }
                  ? ObjectOf<
                      Properties,
                      Schema extends { readonly required: readonly (infer Name)[] } ? Name : never
                    >
                  : never;

type ObjectOf<Properties, Required> = {
  -readonly [Name in keyof Properties & Required]: ArgumentsOf<Properties[Name]>;
} & { -readonly [Name in Exclude<keyof Properties, Required>]?: ArgumentsOf<Properties[Name]> };

export interface Misfit {
  /** JSON pointer into the arguments. */
  readonly path: string;
  readonly detail: string;
}

/** Where and why arguments do not fit; undefined where they do. */
export const misfitOf = (schema: ArgumentSchema, value: unknown, path = ''): Misfit | undefined => {
  const misfit = (detail: string): Misfit => ({ path, detail });
  if ('const' in schema)
    return value === schema.const ? undefined : misfit(`Has to be ${JSON.stringify(schema.const)}.`);
  if ('enum' in schema) {
    return schema.enum.some((one) => one === value)
      ? undefined
      : misfit(`Has to be one of ${JSON.stringify(schema.enum)}.`);
  }
  if ('anyOf' in schema) {
    const misfits = schema.anyOf.map((one) => misfitOf(one, value, path));
    return misfits.includes(undefined) ? undefined : (misfits.at(-1) ?? misfit('Nothing is allowed here.'));
  }
  switch (schema.type) {
    case 'string': {
      if (typeof value !== 'string') return misfit('Has to be a text.');
      const { minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern } = schema;
      if (value.length < minLength || value.length > maxLength)
        return misfit('Has a length that is not allowed.');
      return pattern === undefined || new RegExp(pattern, 'u').test(value)
        ? undefined
        : misfit(`Has to match ${pattern}.`);
    }
    case 'number':
    case 'integer': {
      const { type, minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = schema;
      if (typeof value !== 'number' || (type === 'integer' && !Number.isInteger(value)))
        return misfit(`Has to be of type ${type}.`);
      return value >= minimum && value <= maximum
        ? undefined
        : misfit('Is outside of the range that is allowed.');
    }
    case 'boolean':
      return typeof value === 'boolean' ? undefined : misfit('Has to be true or false.');
    case 'null':
      return value === null ? undefined : misfit('Has to be null.');
    case 'array': {
      if (!Array.isArray(value)) return misfit('Has to be a list.');
      const { items, minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema;
      if (value.length < minItems || value.length > maxItems)
        return misfit('Has a length that is not allowed.');
      return first(value, (item: unknown, index) => misfitOf(items, item, `${path}/${index}`));
    }
    case 'object': {
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        return misfit('Has to be an object.');
      const { properties, required = [], additionalProperties = false } = schema;
      const missing = required.find((name) => !Object.hasOwn(value, name));
      if (missing !== undefined) return { path: `${path}/${pointerPart(missing)}`, detail: 'Is missing.' };
      return first(Object.entries(value), ([name, member]: [string, unknown]) => {
        const place = `${path}/${pointerPart(name)}`;
        const inner = Object.hasOwn(properties, name) ? properties[name] : undefined;
        if (inner === undefined)
          return additionalProperties ? undefined : { path: place, detail: 'Is not known.' };
        return misfitOf(inner, member, place);
      });
    }
    default:
      return schema satisfies never;
  }
};

const first = <Item>(
  items: readonly Item[],
  look: (item: Item, index: number) => Misfit | undefined,
): Misfit | undefined => {
  for (const [index, item] of items.entries()) {
    const misfit = look(item, index);
    if (misfit !== undefined) return misfit;
  }
  return undefined;
};
