import fc from 'fast-check';

/** JSON, of which nothing but that is known. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A copy that went through JSON. */
export const jsonOf = (value: unknown): Json => {
  return JSON.parse(JSON.stringify(value)) as Json;
};

/** Where something stands in JSON. */
type Path = readonly (string | number)[];

interface Alteration {
  readonly path: Path;
  readonly how: 'drop' | 'double' | 'change' | 'swap';
  readonly salt: number;
}

const entriesOf = (value: Json): readonly (readonly [string | number, Json])[] => {
  if (typeof value !== 'object' || value === null) return [];
  return Array.isArray(value) ? [...value.entries()] : Object.entries(value);
};

const pathsIn = (value: Json, path: Path = []): readonly Path[] =>
  entriesOf(value).flatMap(([key, member]) => [[...path, key], ...pathsIn(member, [...path, key])]);

/** JSON that differs from what is given in one place: something is left out, doubled, exchanged or changed by a character. */
export const alterationsOf = (whole: Json): fc.Arbitrary<Json> => {
  const spelled = JSON.stringify(whole);
  return fc
    .record({
      path: fc.constantFrom(...pathsIn(whole)),
      how: fc.constantFrom<Alteration['how'][]>('drop', 'double', 'change', 'change', 'swap'),
      salt: fc.nat(),
    })
    .map((alteration) => altered(whole, alteration))
    .filter((outcome) => JSON.stringify(outcome) !== spelled);
};

const altered = (value: Json, { path, how, salt }: Alteration): Json => {
  const [key, ...rest] = path;
  if (key === undefined) return changed(value, salt);
  if (rest.length > 0 || how === 'change') {
    return replaced(value, key, (member) => altered(member, { path: rest, how, salt }));
  }
  const entries = entriesOf(value);
  const index = entries.findIndex(([name]) => name === key);
  const other = entries[salt % entries.length];
  const found = entries[index];
  if (found === undefined || other === undefined) return value;
  switch (how) {
    case 'drop':
      return rebuilt(value, entries.toSpliced(index, 1));
    case 'double':
      return rebuilt(value, entries.toSpliced(index, 0, [`${String(key)}2`, found[1]]));
    case 'swap':
      return rebuilt(
        value,
        entries.map(([name, member]) => {
          if (name === found[0]) return [name, other[1]];
          return name === other[0] ? [name, found[1]] : [name, member];
        }),
      );
    default:
      return how satisfies never;
  }
};

const replaced = (value: Json, key: string | number, change: (member: Json) => Json): Json =>
  rebuilt(
    value,
    entriesOf(value).map(([name, member]) => [name, name === key ? change(member) : member]),
  );

const rebuilt = (value: Json, entries: readonly (readonly [string | number, Json])[]): Json =>
  Array.isArray(value)
    ? entries.map(([, member]) => member)
    : Object.fromEntries(entries.map(([name, member]) => [String(name), member]));

/** By one character or bit; of a list or map by what it is. */
const changed = (value: Json, salt: number): Json => {
  switch (typeof value) {
    case 'string': {
      const at = salt % Math.max(1, value.length);
      const replacement = value[at] === 'a' ? 'b' : 'a';
      return `${value.slice(0, at)}${replacement}${value.slice(at + 1)}`;
    }
    case 'number':
      return salt % 7 === 0 ? Number.MAX_SAFE_INTEGER : value + (salt % 2 === 0 ? 1 : -1);
    case 'boolean':
      return !value;
    default:
      return value === null ? 'null' : [];
  }
};
