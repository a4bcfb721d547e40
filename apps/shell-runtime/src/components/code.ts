import { notRestored, problemOf, ProblemError, type Problem } from '@cd-push/protocol';

import type { Change } from '../line/push.ts';
import type { ModuleChange, SwapFailed, SwapFailure } from '../modules/swap-result.ts';
import type { LiveModules } from '../modules/swap.ts';
import type { Component, Staged } from './component.ts';
import { textOf } from './content-text.ts';

export interface CodePorts {
  readonly modules: LiveModules;
  /** Leads a raw stack back to the sources. */
  readonly mapStack: (stack: string) => Promise<string>;
  /** Address of an asset's pushed bytes. */
  readonly assetUrl: (resource: string) => string;
}

/**
 * Modules, controllers, and everything else that running modules import. It has to be the last part of a push: the swap
 * keeps or restores by itself, and nothing can restore it afterwards.
 */
export class Code implements Component {
  readonly #ports: CodePorts;

  constructor(ports: CodePorts) {
    this.#ports = ports;
  }

  /** Whether modules have to hear of a change. */
  concerns({ head: { componentType, resource, from } }: Change): boolean {
    const { modules } = this.#ports;
    if (componentType === 'module' || componentType === 'controller') return true;
    return modules.runs(resource) || (from !== undefined && modules.runs(from));
  }

  stage(changes: readonly Change[]): Staged {
    const { modules, mapStack } = this.#ports;
    modules.foresee(changes.map((change) => this.#moduleChange(change)));
    return {
      apply: async () => {
        // Anew: by now assets that came along have other addresses.
        const result = await modules.swap(changes.map((change) => this.#moduleChange(change)));
        for (const warning of result.warnings)
          console.warn('[cd-push] While modules were replaced:', warning);
        if (result.status === 'failed') {
          throw new ProblemError(await problemOfSwap(result, changes, mapStack), { cause: result.error });
        }
      },
      restore: () => undefined,
    };
  }

  #moduleChange({ head, content }: Change): ModuleChange {
    const { resource, digest } = head;
    if (digest === null) return { op: 'delete', resource };
    const renamed = head.change === 'rename' ? { renamedFrom: head.from } : {};
    if (head.componentType === 'asset') {
      return { op: 'put', resource, digest, url: this.#ports.assetUrl(resource), ...renamed };
    }
    const map = content.kind === 'text' ? content.map : undefined;
    return { op: 'put', resource, digest, content: textOf(content), map, ...renamed };
  }
}

const problemOfSwap = async (
  { at, error, stack, chain, restored, restoreError }: SwapFailed,
  changes: readonly Change[],
  mapStack: (stack: string) => Promise<string>,
): Promise<Problem> => {
  const resource = changes.length === 1 ? changes[0]?.head.resource : undefined;
  if (at === 'unaccepted') {
    const detail = `Nobody in the running program accepts this change (${(chain ?? []).join(' ← ')}). It takes effect at the next start.`;
    return problemOf('restart-required', { resource, detail });
  }
  const message = error instanceof Error ? error.message : String(error);
  const lost = restored ? '' : ` ${notRestored}: ${String(restoreError)}`;
  return problemOf('apply-failed', {
    resource,
    detail: `${phrase[at]}: ${message}${lost}`,
    stack: await mapStack(stack),
  });
};

const phrase = {
  load: 'It cannot be loaded',
  evaluate: 'It threw while it was evaluated',
  accept: 'A module that accepts it threw',
  health: 'It was not healthy',
  timeout: 'It did not settle in time',
} as const satisfies Record<Exclude<SwapFailure, 'unaccepted'>, string>;
