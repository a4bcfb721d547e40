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

export const epochMs = (value: number): EpochMs => Math.round(value) as EpochMs;
/** Reads the clock of this machine. */
export const now = (): EpochMs => Date.now() as EpochMs;

const instanceSeparator = '#';

/** The recipient id of one instance (a tab, a process) of a credential, or of the credential itself. */
export const recipientIdOf = (guid: ResourceGuid, instance?: string): RecipientId =>
  (instance === undefined ? guid : `${guid}${instanceSeparator}${instance}`) as string as RecipientId;

/** The credential that a recipient id belongs to. */
export const credentialOf = (recipient: RecipientId): ResourceGuid =>
  recipient.split(instanceSeparator, 1)[0] as string as ResourceGuid;
