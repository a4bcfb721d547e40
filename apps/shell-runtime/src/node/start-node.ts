import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { epochMs, protocolVersion } from '@cd-push/protocol';

import { DeliveryLine } from '../line/delivery-line.ts';
import { SavedEdits } from '../edits/saved-edits.ts';
import type { Link } from '../link/link.ts';
import { defaultSwapLimits } from '../modules/ports.ts';
import { afterStart, startedWith, suspectsOf } from '../record/recover.ts';
import { afterCrash, afterFailedStart, crashProblem, withoutRevoked } from '../record/set-back.ts';
import type { Applying } from '../record/applying-mark.ts';
import { RunningState } from '../record/running-state.ts';
import { AppThread } from './app-thread.ts';
import type { Told } from './app/messages.ts';
import { ContentFolder } from './contents/content-folder.ts';
import { loadBase } from './contents/load-base.ts';
import { Standing, type PushedResource, type StandingResource } from './contents/standing.ts';
import type { NodeRuntimeEvent } from './runtime-event.ts';
import { FileMark } from './state/file-mark.ts';
import { FileRecordStore } from './state/file-record-store.ts';
import { settlesWithin } from './settles-within.ts';
import { defaultSupervisorLimits, Supervisor, type SupervisorLimits } from './supervisor.ts';

export interface NodeRuntimeState {
  readonly module: string;
  /** Digest of the base. */
  readonly base: string | null;
  /** This process among those of the same credential; stays the same over restarts. */
  readonly instance: string;
  /** `guid#instance`. */
  readonly recipient: string;
  readonly link: 'connecting' | 'connected' | 'refused' | 'closed';
  /** What stands above the base: resource to version and digest, null where it is deleted. */
  readonly applied: Readonly<Record<string, { readonly version: number; readonly digest: string | null }>>;
  /** UTF-16 units of replaced source that the program's thread keeps. */
  readonly retainedBytes: number;
}

/** A running Node runtime, in the hands of the process that started it. */
export interface NodeRuntime {
  state(): NodeRuntimeState;
  /** Ends the connection, lets the program dispose of itself, and ends it. */
  close(): Promise<void>;
}

export interface NodeLimits extends SupervisorLimits {
  /** Milliseconds for evaluating, accepting and health checks of one push; less than `applyMs`, so that it can be undone. */
  readonly settleMs: number;
  /** UTF-16 units of replaced source above which a fresh thread takes over. */
  readonly retainedBytes: number;
}

/** What is left of `applyMs` is for going back. */
export const defaultNodeLimits: NodeLimits = {
  ...defaultSupervisorLimits,
  settleMs: 1_000,
  retainedBytes: defaultSwapLimits.retainedBytes,
};

export interface StartNodeOptions {
  /** URL of a served base, or folder of a built one. */
  readonly base: string;
  readonly entry: string;
  /** A folder that is this process's alone by now. */
  readonly stateDir: string;
  readonly instance: string;
  readonly link: Link;
  readonly projectDir: string;
  /** What the program finds as `process.env`. */
  readonly env: NodeJS.ProcessEnv;
  readonly limits: NodeLimits;
  readonly event: (event: NodeRuntimeEvent) => void;
}

/** Beyond the time for a start's first stretch. A start that takes longer keeps no push waiting: one may be what it needs. */
const extraPatienceMs = 1_000;

/**
 * Runs a program in a thread and takes pushes into it. Resolves when the entry was evaluated, or does not seem to come to
 * an end; the connection comes about meanwhile.
 *
 * @throws ProblemError where the base cannot be had.
 */
export const startNode = async (options: StartNodeOptions): Promise<NodeRuntime> => {
  const { stateDir, entry, instance, link, limits, event } = options;
  const recordDir = join(stateDir, 'record');
  await mkdir(recordDir, { recursive: true, mode: 0o700 });
  const folder = await ContentFolder.open(join(stateDir, 'contents'));
  const { base, resources, stale } = await loadBase(options.base, folder, join(stateDir, 'base.json'));
  if (stale !== undefined) event({ kind: 'stale-base', detail: stale });

  const mark = new FileMark(stateDir);
  const state = await RunningState.load(base, new FileRecordStore(recordDir), epochMs(Date.now()));
  const left = await mark.takeLeft();
  for (const applying of left)
    await state.write(afterCrash(suspicionOf(applying), (resource) => state.record(resource)));
  await state.write(withoutRevoked(state.records, (kept) => state.isRevoked(kept)));

  const mention = (told: Told): void => void supervisor.tell(told).catch(() => undefined);
  const edits = new SavedEdits({ link, standing: (resource) => state.standing(resource) });
  const supervisor: Supervisor = new Supervisor(standingOf(resources, state), {
    limits,
    event,
    save: (resource, text) => edits.save(resource, text),
    thread: async (standing, events) =>
      new AppThread(
        {
          entry,
          module: base.module,
          projectDir: resolve(options.projectDir),
          contentDir: folder.dir,
          resources: await standing.inFiles(folder),
          settleMs: limits.settleMs,
          retainedBytes: limits.retainedBytes,
        },
        options.env,
        events,
      ),
  });
  const starting = startProgram(supervisor, state, mark, {
    resources,
    instance,
    patienceMs: limits.startMs + extraPatienceMs,
  });

  // By the policy for this runtime, whatever a push says.
  let isSilent = false;
  let isFetching = false;
  const fetched = async <Value>(fetch: () => Promise<Value>): Promise<Value> => {
    isFetching = true;
    try {
      return await fetch();
    } finally {
      isFetching = false;
    }
  };
  const line = new DeliveryLine(
    {
      link,
      state,
      mark,
      instance,
      appliers: supervisor,
      execute: (operation, args) => supervisor.execute(operation, args),
      served: (resource) => servedOf(resources, resource),
      content: (digest, atMost) => fetched(() => link.content(digest, atMost)),
      events: {
        applied: (push, changes) => {
          const { pushGuid, signer, silent } = push.statement;
          const payload = { pushGuid, resources: changes.map(({ head }) => head.resource), signer, silent };
          if (!silent && !isSilent) event({ kind: 'applied', ...payload });
          mention({ event: 'applied', payload });
        },
        failed: (problem, concerned) => {
          const payload = { problem, resources: concerned };
          event({ kind: 'failed', ...payload });
          mention({ event: 'failed', payload });
        },
        notice: ({ text, from, statement }) => {
          if (!statement.silent) event({ kind: 'notice', text, from });
          return supervisor.tell({ event: 'notice', payload: { text, from } });
        },
      },
    },
    starting,
  );
  for (const applying of left) line.reportCrash(applying, crashProblem);

  let linkState: NodeRuntimeState['link'] = 'connecting';
  let taking: Promise<void> | undefined;
  link.open({
    hello: () => ({
      protocol: protocolVersion,
      instance,
      kind: 'node',
      base: base.digest,
      heads: state.heads(),
      ...(line.journal === null ? {} : { journal: line.journal }),
      retainedBytes: supervisor.retainedBytes,
    }),
    welcomed: (welcome) => {
      linkState = 'connected';
      isSilent = welcome.policy.silent;
      event({ kind: 'connected', recipient: welcome.recipient });
      line.welcomed(welcome);
      edits.connected();
    },
    pushed: (envelope) => {
      if (linkState !== 'closed') taking = line.receive(envelope);
    },
    sessionRevoked: (session) => line.revoke([session]),
    policyChanged: ({ silent }) => {
      isSilent = silent;
    },
    auditHeads: (heads) => line.auditHeads(heads),
    editSettled: (settlement) => edits.settled(settlement),
    disconnected: () => {
      if (linkState === 'connected') event({ kind: 'disconnected' });
      if (linkState !== 'closed') linkState = 'connecting';
      line.disconnected();
    },
    refused: (problem) => {
      if (linkState === 'closed') return;
      linkState = 'refused';
      event({ kind: 'refused', problem });
    },
  });

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    linkState = 'closed';
    // What is being applied is finished and reported; what comes now, or is still on its way, is sent again to the next life.
    if (isFetching) {
      line.disconnected();
      link.close();
    }
    await taking;
    link.close();
    await supervisor.stop();
    mark.release();
  };

  await starting;
  return {
    state: () => ({
      module: base.module,
      base: base.digest,
      instance,
      recipient: link.self().recipient,
      link: linkState,
      applied: Object.fromEntries(
        [...state.records].flatMap(({ resource, good }) =>
          good === null ? [] : [[resource, { version: good.version, digest: good.digest }]],
        ),
      ),
      retainedBytes: supervisor.retainedBytes,
    }),
    close: () => (closing ??= close()),
  };
};

/**
 * Starts the program with what the record holds. The newest push in it is marked as being applied: if the program does not
 * come up with it, or takes the whole process along, the next start goes without.
 */
const startProgram = async (
  supervisor: Supervisor,
  state: RunningState,
  mark: FileMark,
  {
    resources,
    instance,
    patienceMs,
  }: { resources: readonly StandingResource[]; instance: string; patienceMs: number },
): Promise<void> => {
  const suspects = suspectsOf(state.records);
  const [newest] = suspects;
  if (newest !== undefined) {
    const { pushGuid, attempt, statement } = newest;
    const suspected = suspects.map(({ resource, version, digest }) => ({ resource, version, digest }));
    mark.open({ kind: 'start', instance, pushGuid, attempt, statement, resources: suspected });
  }
  let isPatient = true;
  const settle = async (): Promise<void> => {
    const problem = await supervisor.start();
    // By then a push may have changed what runs; how this start ended says nothing about that.
    if (!isPatient) return;
    if (problem === null) return state.write(afterStart(state.records));
    if (newest === undefined) return;
    await state.write(afterFailedStart(suspects, (resource) => state.record(resource), problem));
    await supervisor.restartWith(standingOf(resources, state));
  };
  await settlesWithin(settle(), patienceMs);
  isPatient = false;
  if (newest !== undefined) mark.close();
};

/**
 * A program that hangs or dies at its start ends its thread, not this process: who killed the process killed it from
 * outside, as a rule. What it was starting with is left out once, and taken when the relay sends it, as attempt 0 says;
 * if that does not end well either, it is refused.
 */
const suspicionOf = (applying: Applying): Applying =>
  applying.kind === 'start' ? { ...applying, attempt: 0 } : applying;

/** What a file of the base was served with; it was fetched before the program was started. */
const servedOf = async (
  resources: readonly StandingResource[],
  name: string,
): Promise<Uint8Array<ArrayBuffer>> => {
  const path = resources.find(({ resource }) => resource === name)?.path;
  if (path === undefined) throw new TypeError(`The base has no ${name}.`);
  return new Uint8Array(await readFile(path));
};

/** The base, with what the record holds above it. */
const standingOf = (resources: readonly StandingResource[], state: RunningState): Standing => {
  const standing = new Map<string, StandingResource | PushedResource>(
    resources.map((one) => [one.resource, one]),
  );
  for (const record of state.records) {
    const kept = startedWith(record);
    if (kept === null) continue;
    const { digest, componentType: type, content } = kept;
    const { resource } = record;
    if (content.kind === 'deleted' || digest === null) standing.delete(resource);
    else standing.set(resource, { resource, type, digest, content });
  }
  return new Standing(standing);
};
