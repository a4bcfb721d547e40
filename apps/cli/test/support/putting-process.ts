// Opens an outbox, puts pushes into it, tells its parent which, and stays until it is killed.
import { sampleEntry } from '@cd-push/client';

import { fileOutbox } from '../../src/outbox/file-outbox.ts';

const [folder = ''] = process.argv.slice(2);
const outbox = fileOutbox(folder, () => undefined);
const entries = [sampleEntry(1), sampleEntry(2), sampleEntry(3)];
for (const one of entries) await outbox.put(one);
process.send?.(entries);
// Hearing its parent keeps it alive.
process.on('message', () => undefined);
