import { closeCodes } from './close-codes.ts';
import { eventCatalogue } from './events.ts';
import { limits } from './limits.ts';
import { problemKinds } from './problem-kinds.ts';
import { schemas } from './schemas.ts';
import { builtInTriggers } from './triggers.ts';

/** Everything that two peers must agree on, as one text: what the version test hashes. */
export const wireText = (): string =>
  JSON.stringify({ schemas, eventCatalogue, problemKinds, closeCodes, limits, builtInTriggers });
