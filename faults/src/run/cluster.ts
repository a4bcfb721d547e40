import { chmodSync, mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { HistoryWriter } from '../history/history-writer.ts';
import { Link, type Upstream } from '../network/link.ts';
import { orderVariable, readyLine } from '../participants/participant.ts';
import type { RuntimeOrder } from '../participants/runtime-order.ts';
import type { SenderOrder } from '../participants/sender-order.ts';
import { clockVariable } from '../preload/clock-variable.ts';
import { requirePrograms } from '../processes/binaries.ts';
import { makePostgres, makeRedis, type Database } from '../processes/databases.ts';
import { Guard } from '../processes/guard.ts';
import { KeptProcess, type Death, type Keeping } from '../processes/kept-process.ts';
import type { Roster } from '../schedule/roster.ts';
import { buildProgram, type BuiltProgram } from './build-program.ts';
import { furnish } from './installation.ts';
import { addAdmin, clockFile, makeApi, makeRelay, nodeFlags, setClock, type Plant } from './servers.ts';
import { parts, values } from './settings.ts';

export interface ClusterOptions {
  readonly roster: Roster;
  readonly seed: number;
  /** What is wrong on purpose with the code of relays or of runtimes. */
  readonly plants?: Plants | undefined;
  /** Hears of processes that ended without being told to. */
  readonly died: (death: Death) => void;
  readonly signal: AbortSignal;
}

/** Modules that are imported into a process before its own, by what the process is. */
export interface Plants {
  readonly relay?: Plant;
  readonly runtime?: Plant;
}

/** Connections that no fault is planned for. */
const quiet = { clientsToApi: 'clients>api', othersToRelay: 'others>relay' };

/** An installation of its own: api, relays and their databases, senders and runtimes, and the network between them. */
export class Cluster {
  readonly roster: Roster;
  readonly folder: string;
  /** Folder of the history. */
  readonly logs: string;
  readonly writer: HistoryWriter;
  readonly redis: Database | undefined;
  readonly program: BuiltProgram;
  readonly joinCode: string;
  readonly #processes: ReadonlyMap<string, KeptProcess>;
  readonly #links: ReadonlyMap<string, Link>;
  readonly #guard: Guard;
  readonly #over: AbortController;

  private constructor(started: ClusterParts) {
    this.roster = started.roster;
    this.folder = started.folder;
    this.logs = started.logs;
    this.writer = started.writer;
    this.redis = started.redis;
    this.program = started.program;
    this.joinCode = started.joinCode;
    this.#processes = started.processes;
    this.#links = started.links;
    this.#guard = started.guard;
    this.#over = started.over;
  }

  /**
   * Starts everything but the senders: they push to those who have joined.
   *
   * @throws CannotRun where a program of the system is missing.
   */
  static async start(options: ClusterOptions): Promise<Cluster> {
    requirePrograms(options.roster.store);
    const guard = new Guard();
    const over = new AbortController();
    try {
      return new Cluster(await startCluster(options, guard, over));
    } catch (error) {
      over.abort();
      await guard.finish();
      throw error;
    }
  }

  /** @throws RangeError where there is none of that name. */
  process(name: string): KeptProcess {
    return named(this.#processes, name);
  }

  /** @throws RangeError where there is none of that name. */
  link(name: string): Link {
    return named(this.#links, name);
  }

  get apiUrl(): string {
    return this.link(quiet.clientsToApi).url;
  }

  /** A way to the relays on which no fault is planned. */
  get relayUrl(): string {
    return this.link(quiet.othersToRelay).url;
  }

  get processes(): readonly KeptProcess[] {
    return [...this.#processes.values()];
  }

  get links(): readonly Link[] {
    return [...this.#links.values()];
  }

  setClock(name: string, offsetMs: number): void {
    setClock(this.folder, name, offsetMs);
  }

  /** Keeps the folder with everything in it. */
  keep(): void {
    this.#guard.keep(this.folder);
  }

  /** Ends every process and removes the folder. */
  async close(): Promise<void> {
    this.#over.abort();
    this.writer.close();
    for (const link of this.links) link.close();
    await this.#guard.finish();
  }
}

interface ClusterParts extends Pick<
  Cluster,
  'roster' | 'folder' | 'logs' | 'writer' | 'redis' | 'program' | 'joinCode'
> {
  readonly processes: ReadonlyMap<string, KeptProcess>;
  readonly links: ReadonlyMap<string, Link>;
  readonly guard: Guard;
  readonly over: AbortController;
}

const startCluster = async (
  { roster, seed, plants = {}, died, signal }: ClusterOptions,
  guard: Guard,
  over: AbortController,
): Promise<ClusterParts> => {
  const folder = mkdtempSync(join(tmpdir(), 'cd-push-faults-'));
  guard.folder(folder);
  // The databases' folders lie in it and belong to somebody else.
  chmodSync(folder, 0o711);
  const [logs, outputs] = [join(folder, 'logs'), join(folder, 'outputs')];
  mkdirSync(logs);
  mkdirSync(outputs);
  const keeping: Keeping = { guard, outputs, died, over: over.signal };
  const processes = new Map<string, KeptProcess>();
  const databases =
    roster.store === 'postgres'
      ? { postgres: await makePostgres(folder, keeping), redis: await makeRedis(keeping) }
      : undefined;
  const links = await openLinks(roster, processes, databases);
  const hostsOf = (to: string): string[] =>
    [...links.values()].filter(({ name }) => name.endsWith(`>${to}`)).map(({ port }) => `127.0.0.1:${port}`);
  const add = (process: KeptProcess): KeptProcess => {
    processes.set(process.name, process);
    return process;
  };

  await Promise.all(Object.values(databases ?? {}).map(({ process }) => add(process).start(signal)));
  const api = { folder, hosts: hostsOf('api'), postgres: links.get('api>postgres') };
  const [program] = await Promise.all([
    buildProgram(folder),
    addAdmin(api).then(() => add(makeApi(api, keeping)).start(signal)),
  ]);
  const relays = roster.relays.map((name) =>
    makeRelay(
      {
        name,
        folder,
        hosts: hostsOf('relay'),
        backends: {
          api: named(links, `${name}>api`),
          postgres: links.get(`${name}>postgres`),
          redis: links.get(`${name}>redis`),
        },
        plant: plants.relay,
      },
      keeping,
    ),
  );
  await Promise.all(relays.map((relay) => add(relay).start(signal)));
  const apiUrl = named(links, quiet.clientsToApi).url;
  const { joinCode } = await furnish(apiUrl, roster.senders, roster.runtimes.length + 1);
  await Promise.all(
    roster.runtimes.map((name) => {
      const relayUrl = named(links, `${name}>relay`).url;
      const state = join(folder, name);
      const order = {
        name,
        logs,
        apiUrl,
        relayUrl,
        base: program.base,
        state,
        joinCode,
        values: values.length,
      };
      return add(makeParticipant(name, 'runtime', order, { folder, plant: plants.runtime, keeping })).start(
        signal,
      );
    }),
  );
  for (const [index, name] of roster.senders.entries()) {
    const order: SenderOrder = {
      name,
      seed,
      logs,
      apiUrl,
      relayUrl: named(links, `${name}>relay`).url,
      home: join(folder, name),
      ...filesOf(index),
      ...program,
    };
    mkdirSync(order.home);
    add(makeParticipant(name, 'sender', order, { folder, plant: undefined, keeping }));
  }
  const writer = new HistoryWriter(logs, 'harness');
  return {
    roster,
    folder,
    logs,
    writer,
    redis: databases?.redis,
    program,
    joinCode,
    processes,
    links,
    guard,
    over,
  };
};

/** What each sender has to itself, and what it shares with others. */
const filesOf = (index: number): Pick<SenderOrder, 'ownValues' | 'ownPart' | 'shared'> => {
  const each = 4;
  return {
    ownValues: values.slice(index * each, (index + 1) * each),
    ownPart: parts[index] ?? '',
    shared: [...values.slice(-each), ...parts.slice(-1)],
  };
};

const makeParticipant = (
  name: string,
  what: 'runtime' | 'sender',
  order: RuntimeOrder | SenderOrder,
  { folder, plant, keeping }: { readonly folder: string; readonly plant: Plant; readonly keeping: Keeping },
): KeptProcess =>
  new KeptProcess(
    {
      name,
      command: process.execPath,
      args: [...nodeFlags(plant), fileURLToPath(new URL(`../participants/${what}.ts`, import.meta.url))],
      env: { [orderVariable]: JSON.stringify(order), [clockVariable]: clockFile(folder, name) },
      ready: new RegExp(`^${readyLine}$`, 'u'),
    },
    keeping,
  );

const openLinks = async (
  { relays, links: planned }: Roster,
  processes: ReadonlyMap<string, KeptProcess>,
  databases: { readonly postgres: Database; readonly redis: Database } | undefined,
): Promise<Map<string, Link>> => {
  const at = (port: number): Upstream => ({ host: '127.0.0.1', port });
  const announced = (name: string): Upstream[] => {
    const url = processes.get(name)?.announced ?? '';
    return url === '' ? [] : [at(Number(new URL(url).port))];
  };
  const upstreamsOf = (to: string): Upstream[] => {
    if (to === 'relay') return relays.flatMap(announced);
    if (to === 'postgres' || to === 'redis') return databases === undefined ? [] : [at(databases[to].port)];
    return announced(to);
  };
  const links = await Promise.all(
    [...planned, ...Object.values(quiet)].map((name) => {
      const to = name.slice(name.indexOf('>') + 1);
      return Link.open(name, () => upstreamsOf(to));
    }),
  );
  return new Map(links.map((link) => [link.name, link]));
};

const named = <Value>(all: ReadonlyMap<string, Value>, name: string): Value => {
  const found = all.get(name);
  if (found === undefined) throw new RangeError(`There is nothing named "${name}".`);
  return found;
};
