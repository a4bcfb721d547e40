/** Members of `pushData`, and of what was skipped, that are a JWS. */
export const proofs: ReadonlySet<string> = new Set([
  'statement',
  'certificate',
  'acceptance',
  'relayCertificate',
  'approval',
]);
