import { limits, ProblemError, problemOf, type ICdPushEnvelop, type PatchContent } from '@cd-push/protocol';
import { fromBase64, utf8 } from '@cd-push/timeline';

/** An envelope that a relay takes, and what has to lie there under its digest before it is sent. */
export interface FitEnvelope {
  readonly envelope: ICdPushEnvelop;
  readonly stored: readonly (string | Uint8Array<ArrayBuffer>)[];
}

/**
 * A text of JSON takes at most six bytes for each of its UTF-16 units (`\\u0000`), so that nothing far below the limit
 * need be encoded to be measured.
 */
const widest = 6;

/**
 * Makes an envelope fit: of contents that are too much for it the largest travel by themselves. A frame above the
 * transport's own limit would be cut without an answer, and then sent again.
 *
 * @throws ProblemError `too-large` where even so it does not fit.
 */
export const fitEnvelope = (envelope: ICdPushEnvelop): FitEnvelope => {
  const { contents = [], m } = envelope.pushData;
  const units = contents.reduce(
    (sum, content) => sum + unitsOf(content),
    typeof m === 'string' ? m.length : 0,
  );
  if (units * widest < limits.envelopeBytes) return { envelope, stored: [] };

  let excess = bytesOf(envelope) - limits.envelopeBytes;
  const fit = [...contents];
  const stored: (string | Uint8Array<ArrayBuffer>)[] = [];
  for (const { content, index } of largestFirst(contents)) {
    if (excess <= 0) break;
    stored.push(...piecesOf(content));
    fit[index] = { encoding: 'stored' };
    excess -= bytesOf(content) - bytesOf({ encoding: 'stored' });
  }
  if (excess <= 0) {
    const { pushData, ...frame } = envelope;
    return { envelope: { ...frame, pushData: { ...pushData, contents: fit } }, stored };
  }
  const bytes = limits.envelopeBytes + excess;
  throw new ProblemError(
    problemOf('too-large', {
      detail: `The push has ${bytes} bytes besides its contents; at most ${limits.envelopeBytes} are taken. Push fewer files at a time.`,
    }),
  );
};

const largestFirst = (contents: readonly PatchContent[]): { content: PatchContent; index: number }[] =>
  contents
    .map((content, index) => ({ content, index }))
    .filter(({ content }) => piecesOf(content).length > 0)
    .toSorted((a, b) => unitsOf(b.content) - unitsOf(a.content));

/** What has a digest of its own at the relay: a content, and its source map. */
const piecesOf = (content: PatchContent): (string | Uint8Array<ArrayBuffer>)[] => {
  switch (content.encoding) {
    case 'text':
      return content.map === undefined ? [content.text] : [content.text, content.map];
    case 'base64':
      return [fromBase64(content.base64) ?? utf8('')];
    case 'delta':
    case 'stored':
    case 'none':
      return [];
    default:
      return content satisfies never;
  }
};

const unitsOf = (content: PatchContent): number => {
  switch (content.encoding) {
    case 'text':
      return content.text.length + (content.map?.length ?? 0);
    case 'base64':
      return content.base64.length;
    case 'delta':
    case 'stored':
    case 'none':
      return 0;
    default:
      return content satisfies never;
  }
};

const bytesOf = (value: object): number => utf8(JSON.stringify(value)).length;
