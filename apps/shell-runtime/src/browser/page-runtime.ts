import { problemOf, ProblemError, protocolVersion, type Problem, type RuntimeHello } from '@cd-push/protocol';

import type { ConfigHandle } from '../components/config.ts';
import { Operations, type RegisterOperation } from '../components/operations.ts';
import type { DeliveryLine } from '../line/delivery-line.ts';
import type { LinePorts } from '../line/line-ports.ts';
import type { Link } from '../link/link.ts';
import type { SwapLimits } from '../modules/ports.ts';
import type { Applying } from '../record/applying-mark.ts';
import type { SavedEdit } from '../edits/saved-edit.ts';
import type { SavedEdits } from '../edits/saved-edits.ts';
import { Emitter } from '../emitter.ts';
import { onDemand } from '../on-demand.ts';
import type { Notes } from './notes.ts';
import { pageAppliers } from './page-appliers.ts';
import { PageProgram } from './page-program.ts';
import type { Remembered } from './persistence.ts';
import type { Runtime, RuntimeEvents, RuntimeLink, RuntimeState } from './runtime.ts';

export interface PageRuntimeOptions {
  /** Absolute, with a slash at the end. */
  readonly baseUrl: string;
  readonly remembered: Remembered;
  readonly limits: SwapLimits;
  readonly dataScripts: boolean;
  readonly notes: Notes | undefined;
}

/** A program in its page, and the line that brings pushes to it. */
export class PageRuntime implements Runtime {
  readonly program: PageProgram;
  readonly #remembered: Remembered;
  readonly #notes: Notes | undefined;
  readonly #limits: SwapLimits;
  readonly #operations = new Operations();
  readonly #connected = Promise.withResolvers<Link>();
  #edits: SavedEdits | undefined;
  readonly #emitter = new Emitter<RuntimeEvents>((error) => reportError(error));
  #link: Link | undefined;
  #linkState: RuntimeLink = { state: 'connecting' };
  #restartAsked = false;
  /** By the policy for this runtime, whatever a push says. */
  #isSilent = false;

  constructor({ baseUrl, remembered, limits, dataScripts, notes }: PageRuntimeOptions) {
    this.#remembered = remembered;
    this.#notes = notes;
    this.#limits = limits;
    this.program = new PageProgram({
      state: remembered.state,
      baseUrl,
      limits,
      dataScripts,
      runtimeNamespace: () => ({ runtime: this }),
      save: (resource, text) => this.#save(resource, text),
    });
  }

  readonly command: RegisterOperation = this.#operations.register;

  config(resource: string): ConfigHandle {
    return this.program.components.configs.handle(resource);
  }

  template(resource: string, host: Element): Promise<void> {
    return this.program.components.templates.register(resource, host);
  }

  asset(resource: string): string {
    return this.program.references.urlOf(resource);
  }

  on<Event extends keyof RuntimeEvents>(
    event: Event,
    listener: (payload: RuntimeEvents[Event]) => void,
  ): () => void {
    return this.#emitter.on(event, listener);
  }

  close(): void {
    this.#link?.close();
    this.#linkState = { state: 'closed' };
  }

  state(): RuntimeState {
    const { instance, state } = this.#remembered;
    const { retainedBytes } = this.program.modules;
    const records = [...state.records];
    const applied = records.flatMap(({ resource, good }) =>
      good === null ? [] : [[resource, { version: good.version, digest: good.digest }] as const],
    );
    return {
      module: state.base.module,
      base: state.base.digest,
      instance,
      recipient: this.#link?.self().recipient,
      link: this.#linkState,
      applied: Object.fromEntries(applied),
      pending: records.filter(({ next }) => next?.outcome === 'pending').map(({ resource }) => resource),
      retainedBytes,
      restartAsked: retainedBytes > this.#limits.retainedBytes,
    };
  }

  /** Tells people and listeners of something that failed. */
  fail(problem: Problem, resources: readonly string[] = [], silent = false): void {
    this.#notesUnless(silent)?.tell((overlay) => overlay.failed(problem, resources));
    this.#emitter.emit('failed', { problem, resources });
  }

  /** Says that no push will come. */
  refuse(problem: Problem): void {
    this.#linkState = { state: 'refused', problem };
    this.fail(problem);
  }

  /** @param ready what has to be over before the first push is taken. */
  async connect(connecting: (instance: string) => Promise<Link>, ready: Promise<unknown>): Promise<void> {
    try {
      // A program does not wait for what only its pushes need.
      const loadLine = () => import('../line/delivery-line.ts');
      // It comes beside what connects; where it did not come, neither did that at first, which was tried again.
      loadLine().catch(() => undefined);
      const link = await connecting(this.#remembered.instance);
      const line = await onDemand(loadLine());
      if (this.#linkState.state === 'closed') link.close();
      else {
        this.#connected.resolve(link);
        this.#open(link, new line.DeliveryLine(this.#linePorts(link), ready));
      }
    } catch (error) {
      this.refuse(
        error instanceof ProblemError ? error.problem : problemOf('internal', { detail: String(error) }),
      );
    }
  }

  /** An edit that is made before the page is connected waits for that. */
  async #save(resource: string, text: string): Promise<SavedEdit> {
    if (this.#linkState.state === 'refused') return { outcome: 'refused', problem: this.#linkState.problem };
    const link = await this.#connected.promise;
    const { SavedEdits } = await onDemand(import('../edits/saved-edits.ts'));
    const standing = (name: string) => this.#remembered.state.standing(name);
    this.#edits ??= new SavedEdits({ link, standing });
    return this.#edits.save(resource, text);
  }

  #open(link: Link, line: DeliveryLine): void {
    const { crashed, instance, state } = this.#remembered;
    this.#link = link;
    // A former life of this tab can be reported; another tab's track is not this one's.
    const own = crashed.filter((applying) => applying.instance === instance);
    if (own.length > 0) void reportCrashes(line, own);
    link.open({
      hello: (): RuntimeHello => ({
        protocol: protocolVersion,
        instance,
        kind: 'browser',
        base: state.base.digest,
        heads: state.heads(),
        ...(line.journal === null ? {} : { journal: line.journal }),
        retainedBytes: this.program.modules.retainedBytes,
      }),
      welcomed: (welcome) => {
        this.#linkState = { state: 'connected' };
        this.#isSilent = welcome.policy.silent;
        line.welcomed(welcome);
        this.#edits?.connected();
        whenIdle(
          () =>
            void import('./preload.ts').then(
              ({ preload }) => preload(),
              () => undefined,
            ),
        );
      },
      pushed: (envelope) => void line.receive(envelope),
      sessionRevoked: (session) => line.revoke([session]),
      policyChanged: ({ silent }) => {
        this.#isSilent = silent;
      },
      auditHeads: (heads) => line.auditHeads(heads),
      editSettled: (settlement) => this.#edits?.settled(settlement),
      disconnected: () => {
        if (this.#linkState.state === 'connected') this.#linkState = { state: 'connecting' };
        line.disconnected();
      },
      refused: (problem) => {
        // Closed on this side is refused by nobody.
        if (this.#linkState.state !== 'closed') this.refuse(problem);
      },
    });
  }

  #linePorts(link: Link): LinePorts {
    const { instance, mark, state } = this.#remembered;
    return {
      link,
      state,
      mark,
      instance,
      appliers: pageAppliers(this.program.components),
      execute: (operation, args) => this.#operations.execute(operation, args),
      served: (resource) => this.program.served(resource),
      content: (digest, atMost) => link.content(digest, atMost),
      events: {
        applied: (push, changes) => {
          const { pushGuid, signer, silent } = push.statement;
          const resources = changes.map(({ head }) => head.resource);
          this.#notesUnless(silent)?.tell((overlay) => overlay.synced(resources));
          this.#askForRestart();
          this.#emitter.emit('applied', { pushGuid, resources, signer, silent });
        },
        failed: (problem, resources, silent) => this.fail(problem, resources, silent),
        notice: ({ text, from, statement }) => {
          if (!statement.silent) this.#notes?.tell((overlay) => overlay.notice(from, text));
          this.#emitter.emit('notice', { text, from });
        },
      },
    };
  }

  /** Once: whoever goes on working has a reason. */
  #askForRestart(): void {
    if (this.#restartAsked || this.program.modules.retainedBytes <= this.#limits.retainedBytes) return;
    this.#restartAsked = !this.#isSilent;
    this.#notesUnless(false)?.tell((overlay) => overlay.restartDue());
  }

  /** Where what happens here is shown, unless a push or the policy is silent. Notices are shown all the same. */
  #notesUnless(silent: boolean): Notes | undefined {
    return silent || this.#isSilent ? undefined : this.#notes;
  }
}

/** What takes a crash back was loaded as this page started. */
const reportCrashes = async (line: DeliveryLine, crashed: readonly Applying[]): Promise<void> => {
  const { crashProblem } = await import('../record/set-back.ts');
  for (const applying of crashed) line.reportCrash(applying, crashProblem);
};

/** Not every browser says when it is idle. */
const whenIdle = (work: () => void): void => {
  if ('requestIdleCallback' in globalThis) requestIdleCallback(work);
  else setTimeout(work, 1_000);
};
