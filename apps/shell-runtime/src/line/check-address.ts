import {
  grantsRule,
  grantsTouch,
  matchesTarget,
  problemOf,
  type Certificate,
  type Problem,
  type Statement,
} from '@cd-push/protocol';

import type { RuntimeSelf } from '../link/link.ts';

/**
 * Whether what is signed is meant for this runtime, and by someone whose certificate reaches it: a relay must not be able
 * to send it anywhere else.
 */
export const misaddressed = (
  statement: Statement,
  certificate: Certificate,
  self: RuntimeSelf,
): Problem | undefined => {
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
  if (!mine) return wrong('targets', 'No target of the push is this runtime.');
  return outOfReach(statement, certificate, self);
};

/** Files name their resource, which was held against the grants already; messages reach a program as a whole. */
const outOfReach = (
  { kind, environment }: Statement,
  { grants }: Certificate,
  { module }: RuntimeSelf,
): Problem | undefined => {
  switch (kind) {
    case 'patch':
      return undefined;
    case 'notice':
      return grantsTouch(grants, module, environment)
        ? undefined
        : wrong('kind', `The certificate gives no right in ${module}.`);
    case 'operation':
      return grantsRule(grants, module, environment)
        ? undefined
        : wrong('kind', `An operation needs a certificate for the whole of ${module}.`);
    default:
      return kind satisfies never;
  }
};

const wrong = (member: string, detail: string): Problem =>
  problemOf('forbidden', { path: `/pushData/statement/${member}`, detail });
