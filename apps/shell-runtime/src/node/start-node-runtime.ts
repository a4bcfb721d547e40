import { resolve } from 'node:path';

import { runtimeSession } from '@cd-push/client';
import { problemOf, ProblemError } from '@cd-push/protocol';

import { clientLink } from '../link/client-link.ts';
import { tellOnStderr, type NodeRuntimeEvent } from './runtime-event.ts';
import { defaultNodeLimits, startNode, type NodeLimits, type NodeRuntime } from './start-node.ts';
import { keptIdentity } from './state/identity.ts';
import { takeStateFolder } from './state/state-folder.ts';

export interface NodeRuntimeOptions {
  /** Where the runtime enrols and gets its tokens. */
  readonly apiUrl: string;
  readonly relayUrl: string;
  /** URL of a served base, or folder of a built one. */
  readonly base: string;
  /** Resource of the module that starts the program, for example `/shop/src/service.ts`. */
  readonly entry: string;
  /**
   * Folder for the runtime's key, its credential and what was applied; made if it is missing. One process at a time may
   * use it.
   */
  readonly stateDir: string;
  /** Trades for a credential at the first start with this folder; not looked at later. A secret: the program never sees it. */
  readonly joinCode?: string | undefined;
  /** For people who read lists of runtimes. */
  readonly name?: string | undefined;
  /** Folder from which bare imports are resolved and of which `import.meta.url` speaks; the current one by default. */
  readonly projectDir?: string | undefined;
  /** Added to what the program finds as `process.env`. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Hears what happens; by default it is told on stderr. */
  readonly onEvent?: ((event: NodeRuntimeEvent) => void) | undefined;
  readonly limits?: Partial<NodeLimits> | undefined;
}

/** The variable under which `cd-node-runtime` takes a join code; it is not handed on to the program. */
export const joinCodeVariable = 'CD_PUSH_JOIN_CODE';

/**
 * Runs a program in a thread of its own and takes pushes into it. Identity, connection and verification stay in this
 * thread, so that a program that hangs or dies is replaced by a fresh one with what was last healthy.
 *
 * Resolves when the entry was evaluated; the connection comes about meanwhile, and a runtime without one runs as well:
 * see `state().link`.
 *
 * @throws ProblemError `unauthenticated` (not enrolled, and no join code), `invalid-credentials` (join code), `conflict`
 * (another process uses the state folder), `unavailable` (base, api), `invalid-request` (not a base, a damaged file).
 */
export const startNodeRuntime = async (options: NodeRuntimeOptions): Promise<NodeRuntime> => {
  const { apiUrl, relayUrl, base, entry, joinCode, name, env, limits } = options;
  for (const [what, url] of Object.entries({ apiUrl, relayUrl })) {
    if (URL.canParse(url)) continue;
    throw new ProblemError(problemOf('invalid-request', { detail: `"${url}" is no URL (${what}).` }));
  }
  const folder = await takeStateFolder(options.stateDir);
  try {
    const { identity, key, instance } = await keptIdentity(folder.dir, { apiUrl, joinCode, name });
    const runtime = await startNode({
      base,
      entry,
      stateDir: folder.dir,
      instance,
      link: clientLink(relayUrl, runtimeSession(identity, key), instance),
      projectDir: resolve(options.projectDir ?? '.'),
      env: { ...withoutJoinCode(process.env), ...env },
      limits: { ...defaultNodeLimits, ...limits },
      event: options.onEvent ?? tellOnStderr,
    });
    let closing: Promise<void> | undefined;
    return {
      ...runtime,
      close: () => (closing ??= runtime.close().then(() => folder.release())),
    };
  } catch (error) {
    await folder.release();
    throw error;
  }
};

const withoutJoinCode = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => name !== joinCodeVariable));
