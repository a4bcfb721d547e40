/** Decoded JSON. */
export type Json = null | boolean | number | string | readonly Json[] | JsonMap;
export interface JsonMap {
  readonly [key: string]: Json;
}

export const isJsonMap = (value: Json | undefined): value is JsonMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isJsonList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);

/** @throws {SyntaxError} */
export const parseJson = (text: string): Json => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- that is what a JSON text gives
  return JSON.parse(text) as Json;
};
