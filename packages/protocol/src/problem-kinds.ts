interface KindFacts {
  /** HTTP status that goes with the kind, also on sockets. */
  readonly status: number;
  /** Whether the same request may succeed later without being changed. */
  readonly retryable: boolean;
  /** One sentence for people. */
  readonly title: string;
}

/** Every kind of problem there is, on HTTP, in acknowledgements and in streams alike. */
export const problemKinds = {
  'invalid-json': { status: 400, retryable: false, title: 'The message is not JSON.' },
  'invalid-envelope': { status: 400, retryable: false, title: 'The envelope does not fit its schema.' },
  'invalid-request': { status: 400, retryable: false, title: 'The request does not fit its schema.' },
  'invalid-patch': { status: 422, retryable: false, title: 'The file cannot be turned into a patch.' },
  'too-large': { status: 413, retryable: false, title: 'The message is larger than the limit.' },
  'too-many-recipients': {
    status: 413,
    retryable: false,
    title: 'The push names more recipients than the limit.',
  },
  'unsupported-version': { status: 400, retryable: false, title: 'The protocol version is not spoken here.' },
  unauthenticated: { status: 401, retryable: false, title: 'No valid session was shown.' },
  'invalid-credentials': { status: 401, retryable: false, title: 'The credentials are not right.' },
  'session-expired': { status: 401, retryable: false, title: 'The session has expired.' },
  'session-revoked': { status: 401, retryable: false, title: 'The session was ended.' },
  forbidden: { status: 403, retryable: false, title: 'The session may not do this.' },
  'forbidden-origin': { status: 403, retryable: false, title: 'This origin may not connect.' },
  'sender-mismatch': { status: 403, retryable: false, title: 'The sender named is not the session’s.' },
  'bad-signature': { status: 403, retryable: false, title: 'The signature does not hold.' },
  'bad-certificate': { status: 403, retryable: false, title: 'The signer’s certificate does not hold.' },
  'not-found': { status: 404, retryable: false, title: 'There is no such thing.' },
  'no-recipients': {
    status: 404,
    retryable: false,
    title: 'No recipient that this session may reach was matched.',
  },
  'unknown-trigger': { status: 422, retryable: false, title: 'The trigger is not registered.' },
  'unsupported-recipient': {
    status: 422,
    retryable: false,
    title: 'This type of recipient is not supported.',
  },
  'stale-version': { status: 409, retryable: false, title: 'A higher version is in place already.' },
  'broken-chain': {
    status: 409,
    retryable: false,
    title: 'The version does not follow from the one in place.',
  },
  conflict: { status: 409, retryable: false, title: 'Someone else changed this first.' },
  'bad-object': { status: 422, retryable: false, title: 'The object is not what its address says.' },
  'bad-frame': { status: 422, retryable: false, title: 'The frame does not follow from its parents.' },
  'missing-object': { status: 422, retryable: false, title: 'Something that this refers to is not here.' },
  'tip-moved': { status: 409, retryable: true, title: 'The timeline has moved on meanwhile.' },
  'unresolved-conflict': {
    status: 409,
    retryable: false,
    title: 'Two texts are in conflict, and nobody has settled it yet.',
  },
  'sync-aborted': {
    status: 409,
    retryable: false,
    title: 'The synchronisation was ended; nothing was changed.',
  },
  'bad-identity': { status: 403, retryable: false, title: 'The identity’s log does not hold.' },
  'identity-revoked': { status: 403, retryable: false, title: 'The identity was ended for good.' },
  'challenge-failed': { status: 403, retryable: false, title: 'The challenge was not answered as demanded.' },
  'approval-needed': {
    status: 403,
    retryable: false,
    title: 'More people have to approve of this before it may run there.',
  },
  'apply-failed': {
    status: 500,
    retryable: true,
    title: 'The patch was taken back; the version before it keeps running.',
  },
  crashed: { status: 500, retryable: true, title: 'The runtime stopped while it applied the patch.' },
  'restart-required': {
    status: 409,
    retryable: true,
    title: 'The change can only take effect after a restart.',
  },
  'insecure-context': {
    status: 403,
    retryable: false,
    title: 'Signatures cannot be checked outside a secure context.',
  },
  expired: { status: 410, retryable: false, title: 'The time to deliver has passed.' },
  'rate-limited': { status: 429, retryable: true, title: 'Too many requests; wait and try again.' },
  'journal-unavailable': { status: 503, retryable: true, title: 'The push cannot be stored now.' },
  unavailable: { status: 503, retryable: true, title: 'A service that is needed does not answer.' },
  timeout: { status: 504, retryable: true, title: 'No answer came in time.' },
  internal: { status: 500, retryable: true, title: 'Something went wrong inside.' },
} as const satisfies Record<string, KindFacts>;

export type ProblemKind = keyof typeof problemKinds;
