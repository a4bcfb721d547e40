import {
  now,
  problemOf,
  ProblemError,
  protocolVersion,
  type Problem,
  type RuntimeHello,
} from '@cd-push/protocol';

import { Operations } from '../components/operations.ts';
import { DeliveryLine } from '../line/delivery-line.ts';
import type { Link } from '../link/link.ts';
import { defaultSwapLimits } from '../modules/ports.ts';
import type { Applying } from '../record/applying-mark.ts';
import { crashProblem } from '../record/recover.ts';
import { Emitter } from './emitter.ts';
import { loadBase } from './load-base.ts';
import { Overlay } from './overlay.ts';
import { pageAppliers } from './page-appliers.ts';
import { PageProgram } from './page-program.ts';
import { mayRestart, remember, restarted } from './persistence.ts';
import type { Runtime, RuntimeEvents, RuntimeLink } from './runtime.ts';
import { insecureContext } from './secure.ts';
import { startEntry } from './start-entry.ts';

export interface StartPageOptions {
  /** Where the served module's root is, with its `cd-push.base.json`; relative to the page. */
  readonly baseUrl: string;
  /** Resource of the module that starts the program, for example `/shop/src/main.ts`. */
  readonly entry: string;
  /** Shows updates, notices and failures in a corner of the page; true unless said otherwise. */
  readonly overlay?: boolean | undefined;
  /** Connects this tab; called once, in a secure context alone. Rejects with a `ProblemError`. */
  readonly connect: (instance: string) => Promise<Link>;
}

/**
 * Starts the program of a page and takes pushes into it from then on. Resolves when the entry was evaluated; the
 * connection comes about meanwhile.
 *
 * @throws ProblemError where the base cannot be loaded, or the entry fails without any push being at fault.
 */
export const startPage = async ({
  baseUrl,
  entry,
  overlay = true,
  connect,
}: StartPageOptions): Promise<Runtime> => {
  const rootUrl = new URL(baseUrl.endsWith('/') ? baseUrl : `${baseUrl}/`, document.baseURI).href;
  const insecure = insecureContext();
  const base = await loadBase(rootUrl);
  const { instance, mark, state, crashed } = await remember(rootUrl, base, now());

  const emitter = new Emitter<RuntimeEvents>();
  const operations = new Operations();
  const notes = overlay ? new Overlay() : undefined;
  let link: Link | undefined;
  let linkState: RuntimeLink =
    insecure === undefined ? { state: 'connecting' } : { state: 'refused', problem: insecure };
  const fail = (problem: Problem, resources: readonly string[]): void => {
    notes?.failed(problem, resources);
    emitter.emit('failed', { problem, resources });
  };

  const program: PageProgram = new PageProgram({
    state,
    baseUrl: rootUrl,
    runtimeNamespace: () => ({ runtime }),
  });
  const { configs, templates } = program.components;
  const runtime: Runtime = {
    config: (resource) => configs.handle(resource),
    command: operations.register,
    template: (resource, host) => templates.register(resource, host),
    asset: (resource) => program.references.urlOf(resource),
    on: (event, listener) => emitter.on(event, listener),
    close: () => {
      link?.close();
      linkState = { state: 'closed' };
    },
    state: () => {
      const { retainedBytes } = program.modules;
      const records = [...state.records];
      return {
        module: base.module,
        base: base.digest,
        instance,
        recipient: link?.self().recipient,
        link: linkState,
        applied: Object.fromEntries(
          records.flatMap(({ resource, good }) =>
            good === null ? [] : [[resource, { version: good.version, digest: good.digest }]],
          ),
        ),
        pending: records.filter(({ next }) => next?.outcome === 'pending').map(({ resource }) => resource),
        retainedBytes,
        restartAsked: retainedBytes > defaultSwapLimits.retainedBytes,
      };
    },
  };
  if (insecure !== undefined) fail(insecure, []);

  const starting = startEntry(entry, program, state, mark, instance);
  const openLink = async (): Promise<void> => {
    const connected = await connect(instance);
    link = connected;
    const line = new DeliveryLine(
      {
        link: connected,
        state,
        appliers: pageAppliers(program.components),
        mark,
        instance,
        execute: (operation, args) => operations.execute(operation, args),
        textInPlace: (resource) => program.textInPlace(resource),
        events: {
          applied: (push, changes) => {
            const { pushGuid, signer, silent } = push.statement;
            const resources = changes.map(({ head }) => head.resource);
            if (!silent) notes?.synced(resources);
            emitter.emit('applied', { pushGuid, resources, signer, silent });
          },
          failed: (problem, resources, silent) => {
            if (!silent) notes?.failed(problem, resources);
            emitter.emit('failed', { problem, resources });
          },
          notice: ({ text, from, statement }) => {
            if (!statement.silent) notes?.notice(from, text);
            emitter.emit('notice', { text, from });
          },
        },
      },
      starting,
    );
    for (const applying of crashed) reportCrash(line, applying, instance);
    connected.open({
      hello: (): RuntimeHello => ({
        protocol: protocolVersion,
        instance,
        kind: 'browser',
        base: base.digest,
        heads: state.heads(),
        retainedBytes: program.modules.retainedBytes,
      }),
      welcomed: (welcome) => {
        linkState = { state: 'connected' };
        line.welcomed(welcome);
      },
      pushed: (envelope) => void line.receive(envelope),
      sessionRevoked: (session) => line.revoke([session]),
      disconnected: () => {
        if (linkState.state === 'connected') linkState = { state: 'connecting' };
        line.disconnected();
      },
      refused: (problem) => {
        linkState = { state: 'refused', problem };
        fail(problem, []);
      },
    });
  };
  if (insecure === undefined) {
    openLink().catch((error: unknown) => {
      const problem =
        error instanceof ProblemError ? error.problem : problemOf('internal', { detail: String(error) });
      linkState = { state: 'refused', problem };
      fail(problem, []);
    });
  }

  const started = await starting;
  switch (started.status) {
    case 'running':
      restarted();
      return runtime;
    case 'reloading':
      fail(started.problem, []);
      if (!mayRestart()) throw new ProblemError(started.problem);
      location.reload();
      return runtime;
    case 'failed':
      fail(started.problem, []);
      throw new ProblemError(started.problem);
    default:
      return started satisfies never;
  }
};

/** A former life of this tab can be reported; another tab's track is not this one's. */
const reportCrash = (line: DeliveryLine, applying: Applying, instance: string): void => {
  if (applying.instance === instance) line.reportCrash(applying, crashProblem);
};
