import type { Content } from '../ports/push.ts';
import type { JournalTables } from './tables.ts';

/** How a content's bytes are read. A text with half a surrogate pair in it has no UTF-8, but is given back all the same. */
const forms = { bytes: 0, utf8: 1, utf16: 2 } as const;

type BodyColumns = Pick<JournalTables['contents'], 'form' | 'size' | 'body'>;

export const bodyColumns = (body: Content['body']): BodyColumns => {
  if (typeof body !== 'string') return { form: forms.bytes, size: body.byteLength, body };
  const utf8 = Buffer.from(body, 'utf8');
  return body.isWellFormed()
    ? { form: forms.utf8, size: utf8.byteLength, body: utf8 }
    : { form: forms.utf16, size: utf8.byteLength, body: Buffer.from(body, 'utf16le') };
};

export const readBody = ({ form, body }: Pick<BodyColumns, 'form' | 'body'>): Content['body'] => {
  if (form === forms.bytes) return new Uint8Array(body);
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString(
    form === forms.utf8 ? 'utf8' : 'utf16le',
  );
};
