import { branded, credentialOf, type RecipientId } from '@cd-push/protocol';

/** The first and the last recipient of a range, in the order of their characters. */
export interface RecipientRange {
  readonly first: string;
  readonly last: string;
}

/** Which recipients a name means: an instance itself; a credential and any instance of it, which goes on with a "#". */
export const recipientsUnder = (name: string): RecipientRange => {
  const isCredential = credentialOf(branded<RecipientId>(name)) === name;
  return { first: name, last: isCredential ? `${name}#\u{10ffff}` : name };
};
