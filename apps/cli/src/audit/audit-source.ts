import {
  isAuditRow,
  parseJson,
  ProblemError,
  problemOf,
  type AuditPlace,
  type GetAudit,
  type GetAuditAnswer,
  type SignedAuditHead,
} from '@cd-push/protocol';
import { auditCut, openAuditHead, type TrustRoot } from '@cd-push/timeline';

import type { Line } from '../sync/line.ts';

/** Where rows of an audit are had page by page. */
export interface AuditSource {
  readonly name: 'api' | 'relay';
  page(after: GetAudit['after']): Promise<GetAuditAnswer>;
}

export const relaySource = ({ connection }: Line, signal: AbortSignal): AuditSource => ({
  name: 'relay',
  page: (after) => connection.request('get-audit', after === undefined ? {} : { after }, { signal }),
});

/** What a source held when it was first asked: as long as it is read, more is written. */
export class AuditReading {
  readonly #source: AuditSource;
  readonly #root: TrustRoot;
  #heads: readonly SignedAuditHead[] = [];

  constructor(source: AuditSource, root: TrustRoot) {
    this.#source = source;
    this.#root = root;
  }

  /** Where each chain stood before its rows were read; known once the first page was read. */
  get heads(): readonly SignedAuditHead[] {
    return this.#heads;
  }

  /**
   * Texts of the rows, each chain's together and in their order, page by page.
   *
   * @throws ProblemError why the source did not answer, or that a head of it is not signed as it must be.
   */
  async *pages(): AsyncGenerator<readonly string[], void, undefined> {
    let after: GetAudit['after'];
    let isWithin: ReturnType<typeof auditCut> | undefined;
    for (let more = true; more;) {
      const answer = await this.#source.page(after);
      if (isWithin === undefined) {
        this.#heads = answer.heads;
        isWithin = auditCut(await Promise.all(answer.heads.map((head) => this.#placeOf(head))));
      }
      const kept: string[] = [];
      for (const text of answer.rows) {
        const row = parseJson(text);
        // What is no row is a fault that belongs into the export, where it is found.
        const isRow = row.ok && isAuditRow(row.value);
        if (isRow) after = { node: row.value.node, sequence: row.value.sequence };
        if (!isRow || isWithin(row.value)) kept.push(text);
      }
      yield kept;
      more = answer.more && answer.rows.length > 0;
    }
  }

  async #placeOf(head: SignedAuditHead): Promise<AuditPlace> {
    const opened = await openAuditHead(head, this.#root);
    if (opened.ok) return opened.value;
    throw new ProblemError(
      problemOf('bad-signature', {
        detail: `The ${this.#source.name} shows a head of its audit that is not signed as it must be: ${opened.problem.detail ?? opened.problem.title}`,
      }),
    );
  }
}
