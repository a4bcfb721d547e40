/** What a database takes and gives. */
export type Cell = string | number | null | Uint8Array;

interface Kinds {
  text: string;
  'text?': string | null;
  integer: number;
  'integer?': number | null;
  bytes: Uint8Array;
}

export type Kind = keyof Kinds;

/** Names and kinds of columns, from which the type of a row is inferred. */
export type Shape = Readonly<Record<string, Kind>>;
export type RowOf<Given extends Shape> = { readonly [Name in keyof Given]: Kinds[Given[Name]] };
