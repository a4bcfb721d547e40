import Type from 'typebox';

/** UUID in lower case; version and variant are not looked at. */
export const uuidPattern = '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$';
export const PushGuidSchema = Type.String({ pattern: uuidPattern });
export const DigestSchema = Type.String({ pattern: '^sha256-[A-Za-z0-9_-]{43}$' });
/** Three base64url parts: a JWS in compact serialization. */
export const JwsSchema = Type.String({ pattern: '^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+$' });
export const EpochMsSchema = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
export const VersionSchema = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
/** A name that people choose: environment, module, label, group, trigger. */
export const NameSchema = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$' });
export const TimeSchema = Type.Union([EpochMsSchema, Type.Null()]);
/** CIDv1 in base32 over SHA-256: of an object of a timeline, or of a blob. */
export const AddressSchema = Type.String({ pattern: '^b[a-z2-7]{58,60}$' });
/** An Ed25519 signature: 64 bytes in base64url. */
export const SignatureSchema = Type.String({ pattern: '^[A-Za-z0-9_-]{86}$' });
