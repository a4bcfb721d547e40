import type {
  Certificate,
  Digest,
  NoticeStatement,
  OperationStatement,
  PatchHead,
  PatchStatement,
  Problem,
  PushedEnvelop,
  Statement,
} from '@cd-push/protocol';
import type { VerifiedContent } from '@cd-push/timeline';

/** An envelope that fits its schema and carries what a proof needs; nothing of it is believed yet. */
export interface ParsedPush {
  readonly data: PushedEnvelop['pushData'];
  readonly statement: string;
  readonly certificate: string;
  readonly acceptance: string;
  readonly relayCertificate: string;
  readonly attempt: number;
}

/** A push whose signer’s signatures hold, whose outer members agree with what is signed, and which is meant for this runtime. */
export interface TrustedPush<Kind extends Statement = Statement> {
  readonly parsed: ParsedPush;
  readonly statement: Kind;
  /** Digest of the statement as it travels: what acknowledgements name. */
  readonly digest: Digest;
  readonly certificate: Certificate;
  /**
   * Why no certified relay accepted it in time; undefined where one did. It is verified while the push is prepared, and
   * nothing is touched or reported as delivered before it has settled.
   */
  readonly accepted: Promise<Problem | undefined>;
}

/** One file of a push after its digest was checked. */
export interface Change {
  readonly head: PatchHead;
  readonly content: VerifiedContent;
}

export type TrustedPatch = TrustedPush<PatchStatement>;
export type TrustedNotice = TrustedPush<NoticeStatement>;
export type TrustedOperation = TrustedPush<OperationStatement>;
