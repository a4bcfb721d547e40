import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import {
  AddressSchema,
  componentTypes,
  JournalOffsetSchema,
  ProblemSchema,
  PublicKeySchema,
  SignedAuditHeadSchema,
  type ComponentType,
  type JournalOffset,
} from '@cd-push/protocol';
import { digestOf, type Address, type FollowedIdentity, type VerifiedContent } from '@cd-push/timeline';
import Type from 'typebox';
import { Check } from 'typebox/value';

import { mergedIdentities } from '../../record/merged-identities.ts';
import { merged } from '../../record/merged.ts';
import type {
  DoneRecord,
  KeptAuditHead,
  KeptVersion,
  RecordChange,
  RecordSnapshot,
  RecordStore,
  ResourceRecord,
} from '../../record/record-store.ts';
import { readIfThere, syncFolder, writeDurably, writeSynced } from '../contents/content-folder.ts';
import { parsedJson } from '../parsed-json.ts';
import { FileLedger, type LedgerLine } from './file-ledger.ts';
import { Turns } from './turns.ts';

const nullable = <Schema extends Type.TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);

/** Name of a file beside the index: the digest of what it holds. */
const FileName = Type.String({ pattern: '^sha256-[A-Za-z0-9_-]{43}$' });
const ContentSchema = Type.Union([
  Type.Object({ kind: Type.Literal('text'), file: FileName, map: Type.Optional(FileName) }),
  Type.Object({ kind: Type.Literal('bytes'), file: FileName }),
  Type.Object({ kind: Type.Literal('deleted') }),
]);
/** A kept version, its content in a file of its own. */
const KeptSchema = Type.Object({
  version: Type.Integer(),
  digest: nullable(Type.String()),
  componentType: Type.Unsafe<ComponentType>(Type.Enum([...componentTypes])),
  content: ContentSchema,
  session: Type.String(),
  identity: Type.Optional(Type.String()),
  pushGuid: Type.String(),
  attempt: Type.Integer(),
  statement: Type.String(),
});
type Kept = Type.Static<typeof KeptSchema>;
type ContentFiles = Type.Static<typeof ContentSchema>;

const nextMembers = {
  version: Type.Integer(),
  digest: nullable(Type.String()),
  attempt: Type.Integer(),
  statement: Type.String(),
  problem: ProblemSchema,
};
const OwnAddressSchema = Type.Unsafe<Address>(AddressSchema);
const EstablishedKeysSchema = Type.Object({
  address: OwnAddressSchema,
  n: Type.Integer(),
  keys: Type.Array(PublicKeySchema),
  threshold: Type.Integer(),
  next: Type.Array(Type.String()),
  nextThreshold: Type.Integer(),
});
const FollowedIdentitySchema = Type.Object({
  identity: OwnAddressSchema,
  establishments: Type.Unsafe<FollowedIdentity['establishments']>(
    Type.Array(EstablishedKeysSchema, { minItems: 1 }),
  ),
  isRevoked: Type.Boolean(),
});
const IndexSchema = Type.Object({
  format: Type.Literal(1),
  base: nullable(Type.String()),
  resources: Type.Array(
    Type.Object({
      resource: Type.String(),
      good: nullable(KeptSchema),
      former: nullable(KeptSchema),
      next: nullable(
        Type.Union([
          Type.Object({ outcome: Type.Literal('failed'), ...nextMembers }),
          Type.Object({ outcome: Type.Literal('crashed'), ...nextMembers }),
          Type.Object({ outcome: Type.Literal('pending'), ...nextMembers, kept: KeptSchema }),
        ]),
      ),
    }),
  ),
  revokedSessions: Type.Array(Type.String()),
  /** Absent in what was written before there were any. */
  identities: Type.Optional(Type.Array(FollowedIdentitySchema)),
  journal: Type.Optional(nullable(JournalOffsetSchema)),
});
type Index = Type.Static<typeof IndexSchema>;

/** A line of the file of heads, which `cd-cli audit verify --head` reads as well. */
const AuditHeadSchema = Type.Object({
  node: Type.String(),
  sequence: Type.Integer(),
  at: Type.Integer(),
  ...SignedAuditHeadSchema.properties,
});

/**
 * The record in a folder that one process has for itself: an index that is replaced as a whole, contents beside it by
 * their digest, outcomes of messages in a file that grows, and the latest heads of the audit. Everything is on the disk
 * when a write resolves, contents before the index that names them.
 */
export class FileRecordStore implements RecordStore {
  readonly #dir: string;
  readonly #ledger: FileLedger;
  #base: string | null = null;
  readonly #resources = new Map<string, ResourceRecord>();
  readonly #revoked = new Set<string>();
  #identities: readonly FollowedIdentity[] = [];
  #journal: JournalOffset | null = null;
  /** Names of files that are on the disk. */
  readonly #written = new Set<string>();
  /** Files of the contents at hand. */
  readonly #files = new WeakMap<VerifiedContent, ContentFiles>();
  readonly #indexing = new Turns(() => this.#save());
  #auditHeads: readonly KeptAuditHead[] = [];
  readonly #auditing = new Turns(() =>
    writeDurably(this.#auditFile, this.#auditHeads.map((head) => `${JSON.stringify(head)}\n`).join('')),
  );
  #unsettled: LedgerLine[] = [];
  readonly #settling = new Turns(() => this.#ledger.append(this.#unsettled.splice(0)));

  constructor(dir: string) {
    this.#dir = dir;
    this.#ledger = new FileLedger(join(dir, 'done.jsonl'));
  }

  async load(base: string | null, at: number): Promise<RecordSnapshot> {
    await mkdir(this.#contents, { recursive: true, mode: 0o700 });
    const index = await this.#readIndex();
    const isSame = index?.base === base;
    this.#base = base;
    this.#resources.clear();
    if (index !== undefined && isSame) {
      for (const record of index.resources) {
        const whole = await this.#whole(record);
        if (whole !== undefined) this.#resources.set(record.resource, whole);
      }
    }
    for (const session of index?.revokedSessions ?? []) this.#revoked.add(session);
    this.#identities = index?.identities ?? [];
    const lines = await this.#ledger.load(at);
    const kept = index?.journal ?? null;
    this.#journal = isSame && kept !== null ? furthest(kept, lines) : null;
    await this.#save();
    await this.#removeUnused();
    return {
      resources: [...this.#resources.values()],
      done: lines.map(({ done }) => done),
      revokedSessions: [...this.#revoked],
      identities: this.#identities,
      journal: this.#journal,
      auditHeads: (this.#auditHeads = await this.#readAuditHeads()),
    };
  }

  async write({
    resources = [],
    revokedSessions = [],
    identities = [],
    journal,
    auditHeads,
  }: RecordChange): Promise<void> {
    for (const record of resources) {
      this.#resources.set(record.resource, merged(this.#resources.get(record.resource), record));
    }
    for (const session of revokedSessions) this.#revoked.add(session);
    this.#identities = mergedIdentities(this.#identities, identities);
    this.#journal = journal ?? this.#journal;
    this.#auditHeads = auditHeads ?? this.#auditHeads;
    const isIndexed =
      resources.length > 0 || revokedSessions.length > 0 || identities.length > 0 || journal !== undefined;
    await Promise.all([
      isIndexed ? this.#indexing.next() : undefined,
      auditHeads === undefined ? undefined : this.#auditing.next(),
    ]);
  }

  settle(done: DoneRecord, journal: JournalOffset | null): Promise<void> {
    this.#unsettled.push({ done, journal });
    return this.#settling.next();
  }

  get #contents(): string {
    return join(this.#dir, 'contents');
  }

  get #auditFile(): string {
    return join(this.#dir, 'audit-heads.jsonl');
  }

  async #save(): Promise<void> {
    const known = this.#written.size;
    const slim = async (version: KeptVersion): Promise<Kept> => ({
      ...version,
      content: await this.#keep(version.content),
    });
    const resources = await Promise.all(
      [...this.#resources.values()].map(async ({ resource, good, former, next }) => ({
        resource,
        good: good && (await slim(good)),
        former: former && (await slim(former)),
        next: next?.outcome === 'pending' ? { ...next, kept: await slim(next.kept) } : next,
      })),
    );
    if (this.#written.size > known) await syncFolder(this.#contents);
    const index: Index = {
      format: 1,
      base: this.#base,
      resources,
      revokedSessions: [...this.#revoked],
      identities: [...this.#identities],
      journal: this.#journal,
    };
    await writeDurably(join(this.#dir, 'index.json'), JSON.stringify(index));
  }

  /** The files of a content, written if they are not there. */
  async #keep(content: VerifiedContent): Promise<ContentFiles> {
    const known = this.#files.get(content);
    if (known !== undefined) return known;
    const files = await this.#writeContent(content);
    this.#files.set(content, files);
    return files;
  }

  async #writeContent(content: VerifiedContent): Promise<ContentFiles> {
    switch (content.kind) {
      case 'deleted':
        return { kind: 'deleted' };
      case 'bytes':
        return { kind: 'bytes', file: await this.#writeFile(content.bytes) };
      case 'text': {
        const file = await this.#writeFile(content.text);
        return content.map === undefined
          ? { kind: 'text', file }
          : { kind: 'text', file, map: await this.#writeFile(content.map) };
      }
      default:
        return content satisfies never;
    }
  }

  async #writeFile(content: string | Uint8Array): Promise<string> {
    const name = await digestOf(content);
    if (!this.#written.has(name)) await writeSynced(join(this.#contents, name), content);
    this.#written.add(name);
    return name;
  }

  /** A damaged index is none: the relay sends what is missing. */
  async #readIndex(): Promise<Index | undefined> {
    const bytes = await readIfThere(join(this.#dir, 'index.json'));
    if (bytes === undefined) return undefined;
    const value = parsedJson(bytes.toString('utf8'));
    if (Check(IndexSchema, value)) return value;
    console.warn(
      `[cd-push] The record in ${this.#dir} is damaged and not used; what was applied comes from the relay again.`,
    );
    return undefined;
  }

  async #readAuditHeads(): Promise<readonly KeptAuditHead[]> {
    const text = (await readIfThere(this.#auditFile))?.toString('utf8') ?? '';
    return text.split('\n').flatMap((line) => {
      const value = parsedJson(line);
      return Check(AuditHeadSchema, value) ? [value] : [];
    });
  }

  /** With its contents, or undefined where one of them is damaged. */
  async #whole({
    resource,
    good,
    former,
    next,
  }: Index['resources'][number]): Promise<ResourceRecord | undefined> {
    const kept = good && (await this.#withContent(good));
    if (kept === undefined) return undefined;
    const before = (former && (await this.#withContent(former))) ?? null;
    if (next?.outcome !== 'pending') return { resource, good: kept, former: before, next };
    const pending = await this.#withContent(next.kept);
    return {
      resource,
      good: kept,
      former: before,
      next: pending === undefined ? null : { ...next, kept: pending },
    };
  }

  async #withContent(kept: Kept): Promise<KeptVersion | undefined> {
    const content = await this.#readContent(kept.content);
    if (content === undefined) return undefined;
    this.#files.set(content, kept.content);
    return { ...kept, content };
  }

  async #readContent(files: ContentFiles): Promise<VerifiedContent | undefined> {
    if (files.kind === 'deleted') return { kind: 'deleted' };
    const bytes = await this.#readFile(files.file);
    if (bytes === undefined) return undefined;
    if (files.kind === 'bytes') return { kind: 'bytes', bytes: new Uint8Array(bytes) };
    const map = files.map === undefined ? undefined : (await this.#readFile(files.map))?.toString('utf8');
    return { kind: 'text', text: bytes.toString('utf8'), map };
  }

  /** The bytes if they are those that were written; a power cut may have left them cut. */
  async #readFile(name: string): Promise<Buffer | undefined> {
    const bytes = await readIfThere(join(this.#contents, name));
    if (bytes === undefined || (await digestOf(bytes)) !== name) return undefined;
    this.#written.add(name);
    return bytes;
  }

  async #removeUnused(): Promise<void> {
    const names = await readdir(this.#contents);
    const unused = names.filter((name) => !this.#written.has(name));
    await Promise.all(unused.map((name) => rm(join(this.#contents, name), { force: true })));
  }
}

/** Where the instance stood when it last wrote: outcomes of messages are written by themselves. */
const furthest = (indexed: JournalOffset, lines: readonly LedgerLine[]): JournalOffset =>
  lines.reduce<JournalOffset>(
    (far, { journal }) =>
      journal !== null && journal.epoch === far.epoch && journal.offset > far.offset ? journal : far,
    indexed,
  );
