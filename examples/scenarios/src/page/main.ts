import { drawHistory } from './draw.ts';
import { element } from './elements.ts';
import type { SagaView, ScenarioView, StandView, Step, StepView } from '../view.ts';

const steps: readonly { readonly step: Step; readonly title: string }[] = [
  { step: 'set-up', title: 'Set up' },
  { step: 'run', title: 'Run' },
  { step: 'check', title: 'Check' },
];

const people = { a: 'Ada', b: 'Bob' } as const;

/** A situation, and what is known of it. */
interface Scene {
  readonly title: string;
  next: Step;
  stand: StandView | undefined;
  sagas: readonly SagaView[];
  checks: StepView['checks'];
  failure: string | undefined;
  verdict: 'good' | 'bad' | undefined;
}

interface Act {
  readonly view: ScenarioView;
  readonly scenes: readonly Scene[];
}

const find = (id: string): HTMLElement => {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The page has no ${id}.`);
  return found;
};

const answer = async <Value>(path: string, question?: object): Promise<Value> => {
  const init = question === undefined ? {} : { method: 'POST', body: JSON.stringify(question) };
  const response = await fetch(path, init);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the host of this page is of the same making
  return (await response.json()) as Value;
};

const views = await answer<readonly ScenarioView[]>('/scenarios');
const acts = views.map((view): Act => ({
  view,
  scenes: view.situations.map((title) => ({
    title,
    next: 'set-up',
    stand: undefined,
    sagas: [],
    checks: [],
    failure: undefined,
    verdict: undefined,
  })),
}));
let act = acts[0];
let scene = act?.scenes[0];
let isBusy = false;

const take = async (step: Step): Promise<void> => {
  if (act === undefined || scene === undefined) return;
  const [on, at] = [scene, act];
  const question = { scenario: at.view.number, situation: at.scenes.indexOf(on), step };
  const taken = await answer<StepView>('/steps', question);
  on.stand = taken.stand;
  on.failure = taken.failure;
  on.sagas = step === 'set-up' ? [] : [...on.sagas, ...taken.sagas];
  on.checks = taken.checks;
  on.next = taken.failure === undefined ? after(step) : 'set-up';
  if (step === 'set-up') on.verdict = undefined;
  if (taken.failure !== undefined) on.verdict = 'bad';
  else if (step === 'check') on.verdict = taken.checks.every(({ holds }) => holds) ? 'good' : 'bad';
};

const after = (step: Step): Step => (step === 'set-up' ? 'run' : step === 'run' ? 'check' : 'set-up');

/** One thing at a time: there is one stage. */
const alone = async (work: () => Promise<void>): Promise<void> => {
  if (isBusy) return;
  isBusy = true;
  render();
  try {
    await work();
  } catch (error) {
    if (scene !== undefined) scene.failure = error instanceof Error ? error.message : 'Something went wrong.';
  } finally {
    isBusy = false;
    render();
  }
};

const playAll = async (): Promise<void> => {
  for (const each of acts) {
    for (const one of each.scenes) {
      [act, scene] = [each, one];
      for (const { step } of steps) {
        await take(step);
        render();
        if (one.failure !== undefined) break;
      }
    }
  }
};

const button = (
  title: string,
  press: () => void,
  attributes: Record<string, string | boolean | undefined> = {},
): HTMLElement => {
  const made = element('button', { type: 'button', ...attributes }, title);
  made.addEventListener('click', press);
  return made;
};

const verdictOf = ({ scenes }: Act): Scene['verdict'] => {
  if (scenes.some(({ verdict }) => verdict === 'bad')) return 'bad';
  return scenes.every(({ verdict }) => verdict === 'good') ? 'good' : undefined;
};

const renderList = (): void => {
  find('scenarios').replaceChildren(
    ...acts.map((each) => {
      const verdict = verdictOf(each);
      const choose = element(
        'button',
        { type: 'button', 'aria-current': String(each === act), disabled: isBusy },
        element('span', { class: 'number' }, String(each.view.number)),
        element('span', {}, each.view.title),
        element(
          'span',
          { class: 'verdict', 'data-verdict': verdict ?? 'open', 'aria-label': verdict ?? 'open' },
          verdict === undefined ? '' : verdict === 'good' ? '✓' : '✗',
        ),
      );
      choose.addEventListener('click', () => {
        [act, scene] = [each, each.scenes[0]];
        render();
      });
      return element('li', { 'data-scenario': String(each.view.number) }, choose);
    }),
  );
  const scenes = acts.flatMap((each) => each.scenes);
  const [good, bad] = (['good', 'bad'] as const).map(
    (sought) => scenes.filter(({ verdict }) => verdict === sought).length,
  );
  find('tally').textContent =
    `${good ?? 0} of ${scenes.length} situations hold${bad === 0 ? '' : `, ${bad} do not`}`;
  find('all').toggleAttribute('disabled', isBusy);
};

const renderScene = (): void => {
  if (act === undefined || scene === undefined) return;
  const [{ view, scenes }, on] = [act, scene];
  find('scene').replaceChildren(
    element(
      'header',
      { class: 'about' },
      element('h2', {}, `${view.number}. ${view.title}`),
      element('p', {}, view.about),
    ),
    element(
      'div',
      { class: 'situations' },
      scenes.map((one) =>
        button(
          one.title,
          () => {
            scene = one;
            render();
          },
          { 'aria-pressed': String(one === on), disabled: isBusy },
        ),
      ),
    ),
    element(
      'div',
      { class: 'steps' },
      steps.map(({ step, title }) =>
        button(title, () => void alone(() => take(step)), {
          'data-step': step,
          'data-next': String(step === on.next),
          disabled: isBusy || (step !== on.next && step !== 'set-up'),
        }),
      ),
      on.failure === undefined ? undefined : element('p', { class: 'failure', role: 'alert' }, on.failure),
    ),
    sides(on),
    element(
      'p',
      { class: 'legend quiet' },
      element('span', {}, 'at both sides'),
      element('span', { class: 'own' }, 'at this side alone'),
      element('span', { class: 'merge' }, 'a merge'),
      element('span', { class: 'conflict' }, 'in conflict'),
    ),
    element('div', { class: 'results' }, sagasOf(on), checksOf(on)),
  );
};

const sides = ({ stand }: Scene): HTMLElement =>
  element(
    'div',
    { class: 'sides' },
    (['a', 'b'] as const).map((side) =>
      element(
        'section',
        { class: 'side', 'data-side': side },
        element('h3', {}, `${side.toUpperCase()} · ${people[side]}`),
        stand === undefined
          ? element('p', { class: 'quiet' }, 'Set it up to see where both stand.')
          : undefined,
        stand?.timelines.map((timeline) => drawHistory(timeline.name, timeline.sides[side])),
        stand === undefined || stand.constants.length === 0
          ? undefined
          : element(
              'ul',
              { class: 'constants', 'aria-label': 'constants' },
              stand.constants.map((constant) =>
                element('li', { 'data-here': String(constant.sides[side]) }, constant.name),
              ),
            ),
      ),
    ),
  );

const sagasOf = ({ sagas }: Scene): HTMLElement =>
  element(
    'section',
    {},
    element('h3', {}, 'Sagas'),
    sagas.length === 0 ? element('p', { class: 'quiet' }, 'none yet') : undefined,
    element(
      'ol',
      { id: 'sagas' },
      sagas.map(({ initiator, sent, received, messages, bytes, end }) => {
        const other = people[initiator === 'a' ? 'b' : 'a'];
        const counts = `${sent} objects to ${other}, ${received} from ${other}; ${messages} messages, ${bytes.toLocaleString('en')} bytes`;
        const isWell = end === 'well';
        return element(
          'li',
          {},
          element('span', { class: 'mark', 'data-holds': String(isWell) }, isWell ? '↔' : '×'),
          element('span', {}, `${people[initiator]}: ${isWell ? counts : `ended as ${end}`}`),
        );
      }),
    ),
  );

const checksOf = ({ checks }: Scene): HTMLElement =>
  element(
    'section',
    {},
    element('h3', {}, 'Checks'),
    checks.length === 0 ? element('p', { class: 'quiet' }, 'none yet') : undefined,
    element(
      'ol',
      { id: 'checks' },
      checks.map(({ title, holds, found }) =>
        element(
          'li',
          { 'data-holds': String(holds) },
          element('span', { class: 'mark', 'data-holds': String(holds) }, holds ? '✓' : '✗'),
          element('span', {}, title),
          found === undefined ? undefined : element('span', { class: 'found' }, found),
        ),
      ),
    ),
  );

const render = (): void => {
  renderList();
  renderScene();
  document.body.toggleAttribute('data-busy', isBusy);
};

find('all').addEventListener('click', () => void alone(playAll));
render();
