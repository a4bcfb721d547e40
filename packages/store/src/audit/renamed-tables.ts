import { OperationNodeTransformer, type IdentifierNode, type KyselyPlugin } from 'kysely';

/** Has queries be about tables of other names than they were written for. */
export class RenamedTables extends OperationNodeTransformer implements KyselyPlugin {
  readonly #names: ReadonlyMap<string, string>;

  constructor(names: Readonly<Record<string, string>>) {
    super();
    this.#names = new Map(Object.entries(names));
  }

  transformQuery: KyselyPlugin['transformQuery'] = ({ node }) => this.transformNode(node);

  transformResult: KyselyPlugin['transformResult'] = async ({ result }) => result;

  protected override transformIdentifier(node: IdentifierNode): IdentifierNode {
    const identifier = super.transformIdentifier(node);
    return { ...identifier, name: this.#names.get(identifier.name) ?? identifier.name };
  }
}
