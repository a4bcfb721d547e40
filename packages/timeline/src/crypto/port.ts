import type { Digest, PublicKey } from '@cd-push/protocol';

/** A value now (Node's synchronous crypto costs half of WebCrypto's) or later (browsers have no other). */
export type Awaitable<Value> = Value | Promise<Value>;

/** A private key that signs and is not shown. */
export interface SigningKey {
  readonly publicKey: PublicKey;
  /** Ed25519 over the bytes: 64 bytes. */
  sign(bytes: Uint8Array): Awaitable<Uint8Array>;
}

/** An Ed25519 private key as a JWK (RFC 8037), for keeping in a file that only its owner may read. */
export interface PrivateKeyJwk extends PublicKey {
  readonly d: string;
}

/**
 * What a platform gives: Ed25519 (RFC 8032), SHA-256, HKDF, and base64, in which a receiver spends as long as in a digest. A
 * page outside a secure context has no cryptography; there everything but base64 throws `insecure-context`.
 */
export interface CryptoPort {
  sha256(bytes: Uint8Array): Awaitable<Digest>;
  verify(publicKey: PublicKey, signature: Uint8Array, bytes: Uint8Array): Awaitable<boolean>;
  /** HKDF with SHA-256 (RFC 5869): at most 8,160 bytes. */
  hkdf(key: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Awaitable<Uint8Array>;
  toBase64url(bytes: Uint8Array): string;
  /** Bytes of standard base64 whose alphabet and length were checked already; padding may be absent. */
  fromBase64(text: string): Uint8Array<ArrayBuffer>;
  /** Makes a key pair that can be kept as text. */
  generatePrivateKey(): Awaitable<PrivateKeyJwk>;
  importPrivateKey(jwk: PrivateKeyJwk): Awaitable<SigningKey>;
}
