import type { Address } from '@cd-push/timeline';

/** How many rows the large tables get. */
const count = 1_000_000;

/** Tables that grow with every push. */
export const largeTables = [
  'pushes',
  'past_pushes',
  'tracks',
  'steps',
  'past_steps',
  'heads',
  'push_paths',
  'objects',
  'tips',
  'audit',
] as const;

/** What the rows hold: everything is had from the number of the push. */
export const made = {
  last: count,
  tenant: 'acme',
  environment: 'development',
  guid: (push: number) => `guid-${push}`,
  /** One of twenty modules with a thousand files each, of which each has fifty versions. */
  module: (push: number) => `m${Math.floor(push / 50_000)}`,
  resource: (push: number) => `/m${Math.floor(push / 50_000)}/f${Math.floor(push / 50)}`,
  /** A file of which nothing but signed statements is left, of fifty versions. */
  past: '/past/f0',
  digest: (push: number) => `digest-${push}`,
  /** One of a thousand; every five thousandth push is open, for the one that is numbered 0. */
  recipient: (push: number) => `r${push % 1_000}#1`,
  sender: (push: number) => `sender-${push % 10}`,
  acceptedAt: (push: number) => push,
  /** Frames, of whose timelines each has fifty. */
  object: (frame: number) => `object-${frame}` as Address,
  timeline: (frame: number) => `timeline-${Math.floor(frame / 50)}` as Address,
};

/**
 * Statements that fill the journal with a million pushes, in the words of both databases.
 *
 * @param numbers a table named `numbers` with the numbers up to a count as its `n`.
 * @param bytes a literal for one byte or more.
 */
export const fillings = (numbers: (upTo: number) => string, bytes: string): string[] => [
  `insert into texts (digest, used_at, text) values ('certificate', 0, 'certificate of Ada')`,
  `insert into pushes (position, tenant, guid, environment, sender, sender_session, recipients, open, accepted_at, deliver_by,
     init_time, digest, carries, "trigger", emits, session, certificate, patches, statement, envelope)
   select n, 'acme', 'guid-' || n, case when n % 10 = 0 then 'staging' else 'development' end, 'sender-' || (n % 10),
     'session', 1, case when n % 5000 = 0 then 1 else 0 end, n, n + 1000, n, 'digest', 'patch', 'dev-sync-init',
     'apply-runtime-patch', 'session', 'certificate',
     '[{"resource":"/m' || (n / 50000) || '/f' || (n / 50) || '","change":"put","version":' || n
       || ',"predecessor":null,"digest":"digest-' || n || '","bytes":1}]',
     'statement', '{"pushData":{}}'
   from ${numbers(count)}`,
  `insert into tracks (push, recipient, ordinal, tenant, attempt, rank, state, moved)
   select n, 'r' || (n % 1000) || '#1', 0, 'acme', 1, case when n % 5000 = 0 then 1 else 9 end,
     '{"stage":"relayed","times":{}}', case when n % 5000 = 0 then null else n + 1 end
   from ${numbers(count)}`,
  `insert into steps (tenant, environment, resource, version, digest, position)
   select 'acme', 'development', '/m' || (n / 50000) || '/f' || (n / 50), n, 'digest-' || n, n from ${numbers(count)}`,
  `insert into past_pushes (position, tenant, guid, sender, sender_session, accepted_at, digest, session, certificate,
     patches, statement)
   select -n, 'acme', 'past-guid-' || n, 'sender-1', 'session', n, 'digest', 'session', 'certificate',
     '[{"resource":"/past/f' || (n / 50) || '","change":"put","version":' || n
       || ',"predecessor":null,"digest":"past-' || n || '","bytes":1}]',
     'statement'
   from ${numbers(count)}`,
  `insert into past_steps (tenant, environment, resource, version, digest, position)
   select 'acme', 'development', '/past/f' || (n / 50), n, 'past-' || n, -n from ${numbers(count)}`,
  `insert into heads (tenant, environment, resource, module, version, digest, position, is_elsewhere)
   select tenant, environment, resource, 'm' || (max(position) / 50000), max(version), 'digest-' || max(position),
     max(position), 0
   from steps group by tenant, environment, resource`,
  `insert into push_paths (tenant, path, position)
   select 'acme', '/m' || (position / 50000), position from steps`,
  `insert into push_paths (tenant, path, position) select 'acme', resource, position from steps`,
  `insert into contents (tenant, digest, form, size, body)
   select 'acme', 'digest-' || (n * 10), 1, 1, ${bytes} from ${numbers(count / 100)}`,
  `insert into objects (tenant, address, content, body)
   select 'acme', 'object-' || n, case when n % 1000 = 0 then 'digest-' || (n / 10) end, ${bytes} from ${numbers(count)}`,
  `insert into tips (tenant, timeline, tip)
   select 'acme', 'timeline-' || n, 'object-' || (n * 50) from ${numbers(count / 50)}`,
  `insert into audit (node, sequence, at, hash, text)
   select 'relay-old', n, n, 'hash', '{}' from ${numbers(count)}`,
  `insert into audit_chains (node, sequence, at, hash) values ('relay-old', ${count}, ${count}, 'hash')`,
  // In a database in which no journal was opened before there is no row yet.
  `insert into journal (id, epoch, position, pruned) values (1, 'epoch', ${count}, 0)
   on conflict (id) do update set position = excluded.position`,
];
