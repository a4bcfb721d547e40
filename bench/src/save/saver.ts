import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { fileOf, textOf, type Kind, type Project } from './project.ts';
import type { Tab } from './tab.ts';

/** Saves come at moments that nothing else keeps step with, and not before what the last one caused is over. */
const fewestPauseMs = 40;
const randomPauseMs = 40;

/** Saves files of a project that runs in tabs, and notes how long each takes until it is applied in the last of them. */
export class Saver {
  readonly #project: Project;
  readonly #tabs: readonly Tab[];
  #number = 1;
  #missed = 0;

  constructor(project: Project, tabs: readonly Tab[]) {
    this.#project = project;
    this.#tabs = tabs;
  }

  /** Saves that never showed in one of the tabs: a watcher may fail to see one. */
  get missed(): number {
    return this.#missed;
  }

  /**
   * Milliseconds of so many saves, one after the other; those that were missed are left out.
   *
   * @throws Error where most are missed.
   */
  async save(kind: Kind, count: number): Promise<number[]> {
    for (const tab of this.#tabs) await tab.synchronise();
    const times: number[] = [];
    for (let index = 0; index < count; index += 1) {
      this.#number += 1;
      const text = textOf[kind](this.#number);
      const file = join(this.#project.folder, fileOf[kind]);
      const applied = this.#tabs.map((tab) => tab.applied(kind, this.#number));
      await pause(fewestPauseMs + Math.random() * randomPauseMs);
      const savedAt = performance.now();
      writeFileSync(file, text);
      const moments = (await Promise.all(applied)).filter((at) => at !== undefined);
      if (moments.length === this.#tabs.length) times.push(Math.max(...moments) - savedAt);
      else this.#missed += 1;
    }
    if (times.length <= count / 2)
      throw new Error(`Of ${count} saves of a ${kind} ${times.length} were applied.`);
    return times;
  }
}
