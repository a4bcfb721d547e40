import type { Address, StoredObject } from '@cd-push/timeline';
import { sql } from 'kysely';

import { readBody } from '../journal/body-columns.ts';
import type { JournalStatements, JournalTables } from '../journal/tables.ts';
import { ask, askEach, tell, type Work } from '../statements/work.ts';
import { digestOfBlob } from './blob-address.ts';

/** An object of a tenant's space. */
export interface TenantObject extends StoredObject {
  readonly tenant: string;
}

/** A blob that is brought as a content, or was. */
export interface TenantContent {
  readonly tenant: string;
  readonly address: Address;
  readonly digest: string;
}

/** Keeps and reads objects of timelines. */
export interface ObjectWork {
  get(tenant: string, address: Address): Work<Uint8Array | undefined>;
  has(tenant: string, addresses: readonly Address[]): Work<ReadonlySet<Address>>;
  /**
   * Adds those that are not there. A blob whose bytes lie among the contents is not written twice: who calls this keeps the
   * journal's row locked, as who lets go of contents does.
   */
  put(objects: readonly TenantObject[]): Work<void>;
  /** Adds blobs that lie among the contents; throws where one does not. */
  adopt(contents: readonly TenantContent[]): Work<void>;
}

type ObjectRow = JournalTables['objects'];

/** Bytes up to which bodies travel together, and from which on one travels by itself: as its bytes, and not as their text. */
const partBytes = 1024 * 1024;
const largeBytes = 32 * 1024;

const objectShape = { tenant: 'text', address: 'text' } as const;
const noBytes = new Uint8Array();

export const objectWork = (statements: JournalStatements): ObjectWork => {
  const { tables } = statements;
  const select = statements.one('object-select', objectShape, (input) =>
    tables
      .selectFrom('objects')
      .leftJoin('contents', (join) =>
        join.onRef('contents.tenant', '=', 'objects.tenant').onRef('contents.digest', '=', 'objects.content'),
      )
      .select(['objects.content', 'objects.body', 'contents.form', 'contents.body as content_body'])
      .where('objects.address', '=', input.address)
      .where('objects.tenant', '=', input.tenant),
  );
  const selectKnown = statements.each('object-known', objectShape, (input) =>
    tables
      .selectFrom(input)
      .innerJoin('objects', (join) =>
        join.onRef('objects.address', '=', 'input.address').onRef('objects.tenant', '=', 'input.tenant'),
      )
      .select(['objects.tenant', 'objects.address']),
  );
  const selectContents = statements.each('object-contents', { tenant: 'text', digest: 'text' }, (input) =>
    tables
      .selectFrom(input)
      .innerJoin('contents', (join) =>
        join.onRef('contents.tenant', '=', 'input.tenant').onRef('contents.digest', '=', 'input.digest'),
      )
      .select(['contents.tenant', 'contents.digest']),
  );
  const insert = statements.insertion('object-insert', 'objects', (query) =>
    query.onConflict((conflict) => conflict.columns(['address', 'tenant']).doNothing()),
  );
  const insertLarge = statements.one('object-insert-large', { ...objectShape, body: 'bytes' }, (input) =>
    tables
      .insertInto('objects')
      .values({ ...input, content: sql.lit(null) })
      .onConflict((conflict) => conflict.columns(['address', 'tenant']).doNothing()),
  );

  /** Rows that are not there, of contents as such. */
  function* asContents(wanted: readonly TenantContent[]): Work<ReadonlyMap<TenantContent, ObjectRow>> {
    const found = yield* askEach(
      selectContents,
      wanted.map(({ tenant, digest }) => ({ tenant, digest })),
    );
    const stored = new Set(found.map(({ tenant, digest }) => keyOf(tenant, digest)));
    return new Map(
      wanted
        .filter(({ tenant, digest }) => stored.has(keyOf(tenant, digest)))
        .map((content) => {
          const { tenant, address, digest } = content;
          return [content, { tenant, address, content: digest, body: noBytes }];
        }),
    );
  }

  function* known(objects: readonly Pick<TenantObject, 'tenant' | 'address'>[]): Work<ReadonlySet<string>> {
    const rows = yield* askEach(
      selectKnown,
      objects.map(({ tenant, address }) => ({ tenant, address })),
    );
    return new Set(rows.map(({ tenant, address }) => keyOf(tenant, address)));
  }

  return {
    *get(tenant, address) {
      const [row] = yield* ask(select, { tenant, address });
      if (row === undefined) return undefined;
      if (row.content === null) return new Uint8Array(row.body);
      if (row.form === null || row.content_body === null) {
        throw new Error(`The journal has lost the content ${row.content}, which ${address} is.`);
      }
      const body = readBody({ form: row.form, body: row.content_body });
      // The UTF-8 of a text is what its digest was made of, also where it is kept in another form.
      return typeof body === 'string' ? new TextEncoder().encode(body) : body;
    },
    *has(tenant, addresses) {
      const sought = [...new Set(addresses)];
      const found = yield* known(sought.map((address) => ({ tenant, address })));
      return new Set(sought.filter((address) => found.has(keyOf(tenant, address))));
    },
    *put(objects) {
      const before = yield* known(objects);
      const fresh = new Map(
        objects
          .map((object) => [keyOf(object.tenant, object.address), object] as const)
          .filter(([key]) => !before.has(key)),
      );
      const blobs = [...fresh.values()].flatMap(({ tenant, address }) => {
        const digest = digestOfBlob(address);
        return digest === undefined ? [] : [{ tenant, address, digest }];
      });
      const contents = yield* asContents(blobs);
      for (const { tenant, address } of contents.keys()) fresh.delete(keyOf(tenant, address));
      yield* tell(insert, [...contents.values()]);
      const isLarge = ({ bytes }: TenantObject): boolean => bytes.length >= largeBytes;
      const rest = [...fresh.values()];
      for (const part of inPartsOf(
        partBytes,
        rest.filter((object) => !isLarge(object)),
      )) {
        yield* tell(
          insert,
          part.map(({ tenant, address, bytes }) => ({ tenant, address, content: null, body: bytes })),
        );
      }
      yield* tell(
        insertLarge,
        rest.filter(isLarge).map(({ tenant, address, bytes }) => ({ tenant, address, body: bytes })),
      );
    },
    *adopt(wanted) {
      const before = yield* known(wanted);
      const fresh = wanted.filter(({ tenant, address }) => !before.has(keyOf(tenant, address)));
      const contents = yield* asContents(fresh);
      const lost = fresh.find((content) => !contents.has(content));
      if (lost !== undefined)
        throw new Error(`${lost.digest} is referred to, but is no content that is stored.`);
      yield* tell(insert, [...contents.values()]);
    },
  };
};

function* inPartsOf(bytes: number, objects: readonly TenantObject[]): Generator<readonly TenantObject[]> {
  let part: TenantObject[] = [];
  let size = 0;
  for (const object of objects) {
    if (size + object.bytes.length > bytes && part.length > 0) {
      yield part;
      part = [];
      size = 0;
    }
    part.push(object);
    size += object.bytes.length;
  }
  yield part;
}

/** Addresses and digests hold no space. */
const keyOf = (tenant: string, name: string): string => `${name} ${tenant}`;
