/** Which push is being applied, or that the program is being started. */
export interface Applying {
  readonly kind: 'push' | 'start';
  /** Instance that wrote it. */
  readonly instance: string;
  readonly pushGuid: string;
  readonly attempt: number;
  /** Digest of the statement. */
  readonly statement: string;
  readonly resources: readonly {
    readonly resource: string;
    readonly version: number;
    readonly digest: string | null;
  }[];
}

/**
 * Says durably and at once what is about to be evaluated: code that hangs or kills the page leaves no other trace.
 *
 * `open` returns only when the mark would outlive this page or process, since the next thing to run may never return.
 */
export interface ApplyingMark {
  open(applying: Applying): void;
  close(): void;
  /** Marks that instances left open which do not live any more, this instance's own former life included; removes them. */
  takeLeft(): Promise<readonly Applying[]>;
}
