import type { ServiceState } from '../service/state.ts';

/** Asks the service over HTTP what it holds. */
export const readState = async (serviceUrl: string, visitor: string): Promise<ServiceState> => {
  const answer = await fetch(new URL(`/state?visitor=${encodeURIComponent(visitor)}`, serviceUrl));
  if (!answer.ok) throw new Error(`The service answered with ${answer.status}.`);
  const state: unknown = await answer.json();
  if (!isState(state)) throw new TypeError('The service answered with something else than its state.');
  return state;
};

const isState = (value: unknown): value is ServiceState => {
  if (typeof value !== 'object' || value === null || !('buttons' in value)) return false;
  const { buttons } = value;
  if (typeof buttons !== 'object' || buttons === null || !('more' in buttons)) return false;
  const texts = ['title', 'accent', 'greeting', 'template', 'style', 'logo'] as const;
  return texts.every((name) => typeof Reflect.get(value, name) === 'string');
};
