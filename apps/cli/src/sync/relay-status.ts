import type { Talk } from '../talk/talk.ts';
import type { Line } from './line.ts';

/**
 * Says when a relay is lost, and found again.
 *
 * @param meanwhile what becomes of what is to be sent, as the end of a sentence.
 * @returns what ends it.
 */
export const tellRelayStatus = (talk: Talk, lines: readonly Line[], meanwhile: string): (() => void) => {
  const forget = lines.map(({ name, connection }) => {
    const relay = lines.length > 1 ? `The ${name} relay` : 'The relay';
    let isLost = false;
    return connection.onStatus(({ state }) => {
      switch (state) {
        case 'connecting':
          if (!isLost) talk.warn(`${relay} is away; ${meanwhile}.`);
          isLost = true;
          return;
        case 'open':
          if (isLost) talk.say(`${relay} is back.`);
          isLost = false;
          return;
        case 'ended':
          return;
        default:
          state satisfies never;
      }
    });
  });
  return () => {
    for (const stop of forget) stop();
  };
};
