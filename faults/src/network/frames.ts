/** What a client sends, cut where its WebSocket frames end; what is none passes in the pieces in which it comes. */
export class ClientFrames {
  #rest: Buffer = Buffer.alloc(0);
  #speaks: 'nothing yet' | 'WebSocket' | 'something else' = 'nothing yet';

  /** The pieces that are whole by now. Put together they are what came in. */
  take(chunk: Buffer): Buffer[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const pieces: Buffer[] = [];
    for (let length = this.#lengthOfNext(); length > 0; length = this.#lengthOfNext()) {
      pieces.push(this.#rest.subarray(0, length));
      this.#rest = this.#rest.subarray(length);
    }
    return pieces;
  }

  /** Bytes of the next piece; 0 where it is not all there. */
  #lengthOfNext(): number {
    if (this.#speaks === 'WebSocket') return wholeFrame(this.#rest);
    if (this.#speaks === 'nothing yet') {
      const head = this.#rest.toString('latin1', 0, longestHead);
      const end = head.indexOf('\r\n\r\n');
      const mayBeUpgrade = 'GET '.startsWith(head.slice(0, 4)) && head.length < longestHead;
      if (end === -1 && mayBeUpgrade) return 0;
      this.#speaks =
        end !== -1 && /^upgrade: *websocket\r$/imu.test(head.slice(0, end + 2))
          ? 'WebSocket'
          : 'something else';
      if (this.#speaks === 'WebSocket') return end + 4;
    }
    return this.#rest.length;
  }
}

/** No request's head is longer than this. */
const longestHead = 64 * 1024;

const wholeFrame = (bytes: Buffer): number => {
  const layout = layoutOf(bytes);
  if (layout === undefined) return 0;
  const end = layout.start + layout.length;
  return end <= bytes.length ? end : 0;
};

/** Where the payload of a masked frame begins, and how long it is (RFC 6455, section 5.2). */
const layoutOf = (bytes: Buffer): { readonly start: number; readonly length: number } | undefined => {
  if (bytes.length < 2) return undefined;
  const short = bytes.readUInt8(1) & 0x7f;
  const maskBytes = 4;
  if (short < 126) return { start: 2 + maskBytes, length: short };
  if (short === 126)
    return bytes.length < 4 ? undefined : { start: 4 + maskBytes, length: bytes.readUInt16BE(2) };
  return bytes.length < 10 ? undefined : { start: 10 + maskBytes, length: Number(bytes.readBigUInt64BE(2)) };
};

/** Beginning of a text frame's payload, unmasked; empty for other frames. */
const beginningOf = (frame: Buffer, length = 48): string => {
  const layout = layoutOf(frame);
  const isText = layout !== undefined && (frame.readUInt8(0) & 0x0f) === 1;
  if (!isText) return '';
  const mask = frame.subarray(layout.start - 4, layout.start);
  const payload = frame.subarray(layout.start, layout.start + Math.min(length, layout.length));
  return Buffer.from(payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0))).toString('latin1');
};

/** Socket.IO's event packet inside Engine.IO's message packet, of an event that is an acknowledgement. */
export const isAcknowledgement = (frame: Buffer): boolean =>
  /^42\["push-(?:ack|msg-complete|msg-fail)"/u.test(beginningOf(frame));

/** The same of an event that is answered and carries an envelope. */
export const isPush = (frame: Buffer): boolean =>
  /^42\d+\["(?:cli|notify|run-operation)"/u.test(beginningOf(frame));
