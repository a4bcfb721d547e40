import { limits, ProblemError, problemOf, type ICdPushEnvelop } from '@cd-push/protocol';
import { utf8 } from '@cd-push/timeline';

/**
 * A text of JSON takes at most six bytes for each of its UTF-16 units (`\\u0000`), so that nothing far below the limit
 * need be encoded to be measured.
 */
const widest = 6;

/**
 * Refuses an envelope that no relay takes. A frame above the transport's own limit would be cut without an answer, and
 * then sent again.
 *
 * @throws ProblemError `too-large`.
 */
export const requireFit = (envelope: ICdPushEnvelop): void => {
  const { contents = [], m } = envelope.pushData;
  let units = typeof m === 'string' ? m.length : 0;
  for (const content of contents) {
    if (content.encoding === 'text') units += content.text.length + (content.map?.length ?? 0);
    else if (content.encoding === 'base64') units += content.base64.length;
  }
  if (units * widest < limits.envelopeBytes) return;
  const bytes = utf8(JSON.stringify(envelope)).length;
  if (bytes <= limits.envelopeBytes) return;
  throw new ProblemError(
    problemOf('too-large', {
      detail: `The push has ${bytes} bytes; at most ${limits.envelopeBytes} are taken. Push fewer files at a time.`,
    }),
  );
};
