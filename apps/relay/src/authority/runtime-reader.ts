import type { ResourceGuid } from '@cd-push/protocol';

import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { runtimesAtOnce, type Authority } from './authority.ts';
import type { Directory } from './directory.ts';
import { Reloader } from './reloader.ts';
import type { RuntimeRecord } from './session.ts';

interface ReaderPorts {
  readonly authority: Pick<Authority, 'runtimes'>;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when something may have changed that is known of these runtimes. */
  readonly reviewed: (guids: Iterable<ResourceGuid>) => void;
}

/**
 * Keeps what is known of runtimes up with the api: all of it is read at the start and after a gap in the feed, and else of
 * those alone that the feed told of. The api is asked one thing at a time, and what the feed tells meanwhile is asked for
 * afterwards, so that no older answer comes after a later one.
 */
export class RuntimeReader {
  readonly #ports: ReaderPorts;
  readonly #reloader: Reloader;
  /** Those that the feed told of and that were not asked for since. */
  readonly #changed = new Set<ResourceGuid>();
  #isAllWanted = false;
  /** Those that were removed since the api was last asked: its answer may be from before that. */
  #removed = new Set<ResourceGuid>();

  constructor(ports: ReaderPorts) {
    this.#ports = ports;
    const complaint = 'What has changed of runtimes could not be read yet.';
    this.#reloader = new Reloader(() => this.#read(), complaint, ports.clock, ports.log);
  }

  /**
   * Reads all of them.
   *
   * @throws ProblemError where the api cannot be reached; it is tried again all the same.
   */
  load(): Promise<void> {
    this.#isAllWanted = true;
    return this.#reloader.load();
  }

  /** All of them may have changed. */
  reload(): void {
    this.#isAllWanted = true;
    this.#reloader.request();
  }

  changed(guid: ResourceGuid): void {
    this.#changed.add(guid);
    this.#reloader.request();
  }

  removed(guid: ResourceGuid): void {
    this.#changed.delete(guid);
    this.#removed.add(guid);
    this.#ports.directory.removeRuntime(guid);
  }

  close(): void {
    this.#reloader.close();
  }

  async #read(): Promise<void> {
    if (this.#isAllWanted) await this.#readAll();
    else await this.#readChanged();
    if (this.#isAllWanted || this.#changed.size > 0) this.#reloader.request();
  }

  async #readAll(): Promise<void> {
    const { directory, reviewed } = this.#ports;
    this.#isAllWanted = false;
    // The answer holds what was told before it was asked for.
    this.#changed.clear();
    let runtimes: RuntimeRecord[];
    try {
      runtimes = await this.#ask();
    } catch (error) {
      this.#isAllWanted = true;
      throw error;
    }
    directory.putRuntimes(runtimes);
    const listed = new Set(runtimes.map(({ guid }) => guid));
    // One that has connected here may have enrolled after the list was read: it is asked for before it is forgotten.
    for (const { guid } of directory.all()) if (!listed.has(guid)) this.#changed.add(guid);
    reviewed(listed);
  }

  async #readChanged(): Promise<void> {
    const { directory, reviewed } = this.#ports;
    const guids = [...this.#changed].slice(0, runtimesAtOnce);
    if (guids.length === 0) return;
    for (const guid of guids) this.#changed.delete(guid);
    let runtimes: RuntimeRecord[];
    try {
      runtimes = await this.#ask(guids);
    } catch (error) {
      for (const guid of guids) this.#changed.add(guid);
      throw error;
    }
    directory.putRuntimes(runtimes);
    const found = new Set(runtimes.map(({ guid }) => guid));
    for (const guid of guids) if (!found.has(guid)) directory.removeRuntime(guid);
    reviewed(found);
  }

  async #ask(guids?: readonly ResourceGuid[]): Promise<RuntimeRecord[]> {
    const removed = new Set<ResourceGuid>();
    this.#removed = removed;
    const runtimes = await this.#ports.authority.runtimes(guids);
    return runtimes.filter(({ guid }) => !removed.has(guid));
  }
}
