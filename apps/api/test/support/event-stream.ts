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
  const frames = read(response);
  const nextFrame = async (): Promise<string> => {
    const { value, done } = await frames.next();
    if (done === true || value === undefined) throw new Error('The stream has ended.');
    return value;
  };
  return {
    response,
    stop: () => stop.abort(),
    /** The next event; comments before it are passed over. */
    next: async (): Promise<StreamEvent> => {
      for (;;) {
        const frame = await nextFrame();
        if (!frame.startsWith(':')) return eventOf(frame);
      }
    },
    /** The next frame, which is to be a comment. */
    comment: () => nextFrame(),
    ended: async (): Promise<boolean> => (await frames.next()).done === true,
  };
};

async function* read(response: Response): AsyncGenerator<string> {
  let text = '';
  for await (const chunk of (response.body ?? new ReadableStream<never>()).pipeThrough(
    new TextDecoderStream(),
  )) {
    text += chunk;
    const frames = text.split('\n\n');
    text = frames.pop() ?? '';
    yield* frames;
  }
}

const eventOf = (frame: string): StreamEvent => {
  const member = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(frame)?.[1] ?? '';
  return { event: member('event'), id: member('id'), data: JSON.parse(member('data')) as unknown };
};
