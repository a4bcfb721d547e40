import { onTestFinished } from 'vitest';

import { basicOf, service } from './test-api.ts';

export interface StreamEvent {
  readonly event: string;
  readonly id: string;
  readonly data: any;
}

/** Follows the change feed as a relay does; `next` waits for an event of the stream. */
export const follow = async (url: string, path = '/changes', headers: Record<string, string> = {}) => {
  const stop = new AbortController();
  onTestFinished(() => stop.abort());
  const response = await fetch(`${url}${path}`, {
    headers: { authorization: basicOf(service), ...headers },
    signal: stop.signal,
  });
  const events = read(response);
  return {
    response,
    stop: () => stop.abort(),
    next: async (): Promise<StreamEvent> => {
      const { value, done } = await events.next();
      if (done === true || value === undefined) throw new Error('The stream has ended.');
      return value;
    },
    ended: async (): Promise<boolean> => (await events.next()).done === true,
  };
};

async function* read(response: Response): AsyncGenerator<StreamEvent> {
  let text = '';
  for await (const chunk of (response.body ?? new ReadableStream<never>()).pipeThrough(
    new TextDecoderStream(),
  )) {
    text += chunk;
    const frames = text.split('\n\n');
    text = frames.pop() ?? '';
    for (const frame of frames) {
      if (frame.startsWith(':')) continue;
      const member = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(frame)?.[1] ?? '';
      yield { event: member('event'), id: member('id'), data: JSON.parse(member('data')) as unknown };
    }
  }
}
