import { limits, problemOf, type Problem } from '@cd-push/protocol';
import { Decoder, Encoder, PacketType } from 'socket.io-parser';

/**
 * Stands in the place of a payload that was not decoded. It reaches the handler like any message, so that the answer goes
 * where the message asked for it, and the connection lives on.
 */
export class Undecodable {
  readonly problem: Problem;

  constructor(problem: Problem) {
    this.problem = problem;
  }
}

/** Type, namespace, id and event name at the start of a packet, before its payload is looked at. */
const packetStart = /^[25](?:\d+-)?(?:(\/[^,]{0,128}),)?(\d{0,15})\["((?:[^"\\]|\\.){1,128})"/;

/** Socket.IO's own decoder ends the connection over what it cannot read; this one answers instead. */
class GuardedDecoder extends Decoder {
  override add(chunk: unknown): void {
    // Binary messages are refused with their first, textual packet; their attachments follow and are left lying.
    if (typeof chunk !== 'string') return;
    if (isTooLarge(chunk)) {
      const detail = `An envelope has at most ${limits.envelopeBytes} bytes. Put large contents to /contents first, and name them as stored.`;
      this.#stand(chunk, new Undecodable(problemOf('too-large', { detail })));
      return;
    }
    try {
      super.add(chunk);
    } catch {
      this.#stand(chunk, new Undecodable(faultOf(chunk)));
    }
  }

  #stand(chunk: string, payload: Undecodable): void {
    const [, nsp = '/', id = '', event = ''] = packetStart.exec(chunk) ?? [];
    const data = [event, payload];
    const packet = { type: PacketType.EVENT, nsp, data };
    this.emitReserved('decoded', id === '' ? packet : { ...packet, id: Number(id) });
  }
}

class GuardedDecoderWithoutBinary extends GuardedDecoder {
  constructor() {
    super({ maxAttachments: 0 });
  }
}

/** For Socket.IO's `parser` option. */
export const guardedParser = { Encoder, Decoder: GuardedDecoderWithoutBinary };

/** Counts bytes only where the number of UTF-16 units leaves it open: one unit is at most three bytes. */
const isTooLarge = (chunk: string): boolean =>
  chunk.length > limits.envelopeBytes ||
  (chunk.length * 3 > limits.envelopeBytes && Buffer.byteLength(chunk) > limits.envelopeBytes);

const faultOf = (chunk: string): Problem => {
  if (chunk.startsWith('5')) {
    return problemOf('invalid-envelope', { path: '', detail: 'Binary data is not expected here.' });
  }
  return isEventNameRefused(chunk)
    ? problemOf('invalid-request', { detail: 'This event name is reserved.' })
    : problemOf('invalid-json', { detail: 'Send one JSON value in UTF-8.' });
};

/** The decoder reads the JSON before it refuses a name, so what is left to refuse after valid JSON is the name. */
const isEventNameRefused = (chunk: string): boolean => {
  const start = chunk.indexOf('[');
  if (start === -1) return false;
  try {
    JSON.parse(chunk.slice(start));
    return true;
  } catch {
    return false;
  }
};
