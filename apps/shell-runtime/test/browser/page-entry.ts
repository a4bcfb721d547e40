import {
  epochMs,
  ProblemError,
  problemOf,
  type ICdPushEnvelop,
  type Problem,
  type RuntimeHello,
  type RuntimePolicy,
} from '@cd-push/protocol';

import type { Runtime } from '../../src/browser/runtime.ts';
import { startPage } from '../../src/browser/start-page.ts';
import type { LinkHandlers, RuntimeSelf } from '../../src/link/link.ts';
import { defaultSwapLimits } from '../../src/modules/ports.ts';
import { welcomeOf } from '../welcome.ts';

/** What the test's server says at `/setup.json`. */
export interface PageSetup {
  readonly self: RuntimeSelf;
  readonly revokedSessions: readonly string[];
  readonly overlay: boolean;
}

export interface PageReport {
  readonly stage: 'delivered' | 'completed' | 'failed';
  readonly pushGuid: string;
  readonly attempt: number;
  readonly statement: string;
  readonly problem?: Problem;
}

export interface PageOutcome {
  readonly reports: readonly PageReport[];
}

export interface PageApi {
  readonly started: Promise<string>;
  readonly runtime: Runtime | undefined;
  readonly hello: RuntimeHello | undefined;
  readonly reports: readonly PageReport[];
  readonly violations: readonly string[];
  /** Resolves with the reports of this attempt when the last of them is there. */
  push(envelope: ICdPushEnvelop): Promise<PageOutcome>;
  /** Says what came of it in `reports` alone, since the page may not live to answer. */
  pushAndForget(envelope: ICdPushEnvelop): void;
  revoke(session: string): void;
  policy(policy: RuntimePolicy): void;
}

declare global {
  var cd: PageApi;
}

const reports: PageReport[] = [];
const violations: string[] = [];
addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
  violations.push(`${violatedDirective} ${blockedURI}`),
);

let handlers: LinkHandlers | undefined;
let hello: RuntimeHello | undefined;
let onReport: (report: PageReport) => void = () => undefined;
const report = (one: PageReport): void => {
  reports.push(one);
  onReport(one);
};

const setup = (await (await fetch('/setup.json')).json()) as PageSetup;
let runtime: Runtime | undefined;
const started = startPage({
  baseUrl: '/',
  entry: '/app/main.ts',
  overlay: setup.overlay,
  // A busy machine must not be taken for a module that hangs.
  limits: { ...defaultSwapLimits, settleMs: 30_000 },
  connect: async (instance) => ({
    self: () => ({ ...setup.self, recipient: `${setup.self.guid}#${instance}` }),
    now: () => epochMs(Date.now()),
    open(given) {
      handlers = given;
      hello = given.hello();
      const recipient = `${setup.self.guid}#${instance}`;
      given.welcomed(welcomeOf({ recipient, revokedSessions: [...setup.revokedSessions] }));
    },
    delivered: ({ pushGuid, attempt, statement }) =>
      report({ stage: 'delivered', pushGuid, attempt, statement }),
    completed: ({ pushGuid, attempt, statement }) =>
      report({ stage: 'completed', pushGuid, attempt, statement }),
    failed: ({ pushGuid, attempt, statement, problem }) =>
      report({ stage: 'failed', pushGuid, attempt, statement, problem }),
    content: () => Promise.reject(new ProblemError(problemOf('unavailable'))),
    saveEdit: () => Promise.reject(new ProblemError(problemOf('unavailable'))),
    close: () => undefined,
  }),
}).then(
  (running) => {
    runtime = running;
    return 'running';
  },
  (error: unknown) => `failed: ${error instanceof Error ? error.message : String(error)}`,
);

/** In a task of the page's own: what a debugger calls is not held to the page's policy. */
const inPage = <Value>(work: () => Value | Promise<Value>): Promise<Value> =>
  new Promise((resolve, reject) => {
    setTimeout(() => {
      Promise.resolve().then(work).then(resolve, reject);
    });
  });

globalThis.cd = {
  started,
  get runtime() {
    return runtime;
  },
  get hello() {
    return hello;
  },
  reports,
  violations,
  push: (envelope) =>
    inPage(
      () =>
        new Promise((resolve) => {
          const { pushGuid } = envelope.pushData;
          const mine: PageReport[] = [];
          onReport = (one) => {
            if (one.pushGuid !== pushGuid) return;
            mine.push(one);
            if (one.stage !== 'delivered') resolve({ reports: mine });
          };
          handlers?.pushed(envelope);
        }),
    ),
  pushAndForget: (envelope) => void setTimeout(() => handlers?.pushed(envelope)),
  revoke: (session) => handlers?.sessionRevoked(session),
  policy: (policy) => handlers?.policyChanged(policy),
};
