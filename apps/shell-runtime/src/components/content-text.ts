import type { VerifiedContent } from '@cd-push/timeline';

/** Content as text; undefined for a deletion. */
export const textOf = (content: VerifiedContent): string | undefined => {
  switch (content.kind) {
    case 'text':
      return content.text;
    case 'bytes':
      return new TextDecoder().decode(content.bytes);
    case 'deleted':
      return undefined;
    default:
      return content satisfies never;
  }
};
