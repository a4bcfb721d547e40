import { matchesTarget, problemOf, type Problem, type Statement } from '@cd-push/protocol';

import type { RuntimeSelf } from '../link/link.ts';

/** Whether what is signed is meant for this runtime: a relay must not be able to send it anywhere else. */
export const misaddressed = (statement: Statement, self: RuntimeSelf): Problem | undefined => {
  if (statement.tenant !== self.trust.tenant) return wrong('tenant', 'The push is for another tenant.');
  if (statement.environment !== self.environment) {
    return wrong(
      'environment',
      `The push is for "${statement.environment}", this runs as "${self.environment}".`,
    );
  }
  const mine = statement.targets.some(
    (target) => matchesTarget(target, self) || ('guid' in target && target.guid === self.recipient),
  );
  return mine ? undefined : wrong('targets', 'No target of the push is this runtime.');
};

const wrong = (member: string, detail: string): Problem =>
  problemOf('forbidden', { path: `/pushData/statement/${member}`, detail });
