import { covers, grantsCover, type Grant, type Problem } from '@cd-push/protocol';
import type { SyncGate, ValueMap } from '@cd-push/timeline';

import type { RuntimeSession } from '../authority/session.ts';
import { forbiddenAt, placeOf } from './place-of.ts';

/**
 * What a runtime may see of its tenant's timelines: those of its module in its environment, whose contents it is caught up with
 * anyway, as far as it has let its session. It changes nothing, and everything else is not there for it.
 *
 * @param granted what the runtime has let its session.
 */
export const runtimeGateOf = (session: () => RuntimeSession, granted: readonly Grant[]): SyncGate => {
  const judge = (data: ValueMap, wish: 'read' | 'write', path: string): Problem | undefined => {
    const { tenant, runtime } = session();
    const place = placeOf(data);
    const isOurs =
      place !== undefined &&
      place.tenant === tenant &&
      place.environment === runtime.environment &&
      covers(`/${runtime.module}`, place.resource) &&
      grantsCover(granted, place.resource, place.environment);
    return isOurs && wish === 'read' ? undefined : forbiddenAt(place, path);
  };
  return {
    mayWrite: () => false,
    hides: true,
    timeline: ({ frame }, wish) => judge(frame.data, wish, '/timelines'),
    constant: ({ constant }, wish) => judge(constant.data, wish, '/constants'),
    blob: () => false,
  };
};
