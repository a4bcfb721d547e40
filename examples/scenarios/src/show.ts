import { ProblemError } from '@cd-push/protocol';
import { syncScenarios, type ScenarioPair, type Situation, type SituationRun } from '@cd-push/timeline';

import type { Stage } from './stage.ts';
import { standOf } from './stand.ts';
import type { SagaView, ScenarioView, Step, StepView } from './view.ts';

/** The situation that is on, and how far it has come. */
interface Scene {
  readonly run: SituationRun;
  readonly pair: ScenarioPair;
  readonly sagas: SagaView[];
  next: Step;
}

/** Plays situations on a stage, one at a time and step by step, for whoever asks. */
export class Show {
  readonly #stage: Stage;
  #scene: { readonly key: string; readonly scene: Scene } | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  static get scenarios(): readonly ScenarioView[] {
    return syncScenarios.map(({ number, title, about, situations }) => ({
      number,
      title,
      about,
      situations: situations.map((situation) => situation.title),
    }));
  }

  /** Undefined where there is no such situation. Steps that are asked for at once are taken one after the other. */
  take(scenario: number, situation: number, step: Step): Promise<StepView | undefined> {
    const found = syncScenarios.find(({ number }) => number === scenario)?.situations[situation];
    if (found === undefined) return Promise.resolve(undefined);
    const taken = this.#last.then(() => this.#take(`${scenario}/${situation}`, found, step));
    this.#last = taken.catch(() => undefined);
    return taken;
  }

  async #take(key: string, situation: Situation, step: Step): Promise<StepView> {
    try {
      if (step === 'set-up') this.#scene = { key, scene: await this.#begin(situation) };
      return await this.#play(key, step);
    } catch (error) {
      // A process is gone, say: there is nothing to look at either.
      return notTaken(step, error instanceof Error ? error.message : 'Something unknown went wrong.');
    }
  }

  async #play(key: string, step: Step): Promise<StepView> {
    const scene = this.#scene?.key === key ? this.#scene.scene : undefined;
    if (scene === undefined || scene.next !== step) {
      return notTaken(step, scene === undefined ? 'Set it up first.' : `The next step is “${scene.next}”.`);
    }
    const before = scene.sagas.length;
    const { failure, checks } = await act(scene, step);
    const stand = await standOf(scene.pair, scene.run);
    return { step, failure, checks, stand, sagas: scene.sagas.slice(before) };
  }

  async #begin(situation: Situation): Promise<Scene> {
    const sagas: SagaView[] = [];
    const pair = watched(await this.#stage.pair(), sagas);
    return { run: situation.begin(pair), pair, sagas, next: 'set-up' };
  }
}

const notTaken = (step: Step, failure: string): StepView => ({
  step,
  failure,
  checks: [],
  sagas: [],
  stand: { timelines: [], constants: [] },
});

const act = async (scene: Scene, step: Step): Promise<Pick<StepView, 'failure' | 'checks'>> => {
  try {
    switch (step) {
      case 'set-up':
        await scene.run.setUp();
        scene.next = 'run';
        return { failure: undefined, checks: [] };
      case 'run':
        await scene.run.run();
        scene.next = 'check';
        return { failure: undefined, checks: [] };
      case 'check': {
        const checks = await scene.run.check();
        scene.next = 'set-up';
        return { failure: undefined, checks };
      }
      default:
        return step satisfies never;
    }
  } catch (error) {
    scene.next = 'set-up';
    return { failure: error instanceof Error ? error.message : 'Something unknown went wrong.', checks: [] };
  }
};

/** The same pair, with every saga written down. */
const watched = (pair: ScenarioPair, sagas: SagaView[]): ScenarioPair => ({
  ...pair,
  sync: async (initiator, wanted) => {
    try {
      const report = await pair.sync(initiator, wanted);
      const { result, messages, bytes } = report;
      const { sent, received } = result;
      sagas.push({ initiator, messages, bytes, sent: sent.objects, received: received.objects, end: 'well' });
      return report;
    } catch (error) {
      const end = error instanceof ProblemError ? error.problem.kind : 'failure';
      sagas.push({ initiator, messages: 0, bytes: 0, sent: 0, received: 0, end });
      throw error;
    }
  },
});
