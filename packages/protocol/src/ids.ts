/**
 * Ids that must not be swapped for one another. A brand exists for the compiler only; on the wire each is a string or
 * number as the schema says.
 */
declare const brand: unique symbol;
export type Branded<Base, Name extends string> = Base & { readonly [brand]: Name };

/** Names one push for good; a repeated guid with the same statement is the same push. A UUID in lower case. */
export type PushGuid = Branded<string, 'PushGuid'>;
/** Names a runtime's credential, or an existing client's registered object. */
export type ResourceGuid = Branded<string, 'ResourceGuid'>;
/** Names one recipient of a push: a {@link ResourceGuid}, or `guid#instance` for one tab or process of it. */
export type RecipientId = Branded<string, 'RecipientId'>;
/** Canonical name of a pushed file, `/<module>/<path>`; see `parseResource`. */
export type Resource = Branded<string, 'Resource'>;
/** `sha256-` and the unpadded base64url of a SHA-256: 50 characters. */
export type Digest = Branded<string, 'Digest'>;
/** Milliseconds since the Unix epoch, an integer. */
export type EpochMs = Branded<number, 'EpochMs'>;

/**
 * The one place where a plain value takes a brand on; the caller has checked, or makes sure by building it, that the
 * value is what the brand says.
 */
export const branded = <To extends Branded<string | number, string>>(
  value: To extends string ? string : number,
): To =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a brand exists for the compiler alone
  value as string | number as To;

export const epochMs = (value: number): EpochMs => branded<EpochMs>(Math.round(value));
/** Reads the clock of this machine. */
export const now = (): EpochMs => branded<EpochMs>(Date.now());
/** The digest whose SHA-256 in base64url is given. */
export const digestFrom = (sha256: string): Digest => branded<Digest>(`sha256-${sha256}`);

const instanceSeparator = '#';

/** The recipient id of one instance (a tab, a process) of a credential, or of the credential itself. */
export const recipientIdOf = (guid: ResourceGuid, instance?: string): RecipientId =>
  branded<RecipientId>(instance === undefined ? guid : `${guid}${instanceSeparator}${instance}`);

/** The credential that a recipient id belongs to. */
export const credentialOf = (recipient: RecipientId): ResourceGuid =>
  branded<ResourceGuid>(recipient.split(instanceSeparator, 1)[0] ?? recipient);
