import { isAddress, type Address } from './address.ts';

/** A link to an object, written as in DAG-JSON. */
export interface Link {
  readonly '/': Address;
}

/**
 * What may stand in an object: JSON (RFC 8785 writes it in one way), with links. Numbers are safe integers: a fraction has
 * more than one spelling in the languages that may have to read it.
 */
export type Value = null | boolean | number | string | readonly Value[] | Link | ValueMap;
export interface ValueMap {
  readonly [key: string]: Value;
}

export const linkTo = (address: Address): Link => ({ '/': address });

export const isLink = (value: unknown): value is Link =>
  typeof value === 'object' &&
  value !== null &&
  '/' in value &&
  Object.keys(value).length === 1 &&
  isAddress(value['/']);

export const isMap = (value: Value): value is ValueMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isLink(value);
