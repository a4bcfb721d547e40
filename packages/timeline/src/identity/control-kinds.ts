import {
  isIdentityEvent,
  isSessionFrame,
  ok,
  parse,
  refuse,
  type IdentityEvent,
  type Result,
  type SessionFrame,
} from '@cd-push/protocol';

import { isAddress, type Address } from '../objects/address.ts';
import type { ControlKind } from '../objects/control-kind.ts';
import type { Members } from '../objects/members.ts';
import type { Fault } from '../objects/object-problem.ts';
import { identityKind } from './identity-event.ts';
import { sessionKind } from './session-frame.ts';

/** Events of identities, to be read beside frames. Whether one follows from those before it is {@link advance}'s matter. */
export const identityControl: ControlKind = {
  kind: identityKind,
  read: (members) =>
    isIdentityEvent(members)
      ? ok({ value: members, refers: eventRefers(members) })
      : misfit('IdentityEvent', members),
};

/** Frames of sessions. Whether one follows from those before it is {@link advanceSession}'s matter. */
export const sessionControl: ControlKind = {
  kind: sessionKind,
  read: (members) =>
    isSessionFrame(members)
      ? ok({ value: members, refers: frameRefers(members) })
      : misfit('SessionFrame', members),
};

const eventRefers = (event: IdentityEvent): readonly Address[] =>
  addressesIn([event.previous, event.establishment, event.op === 'claim' ? event.target : null]);

const frameRefers = (frame: SessionFrame): readonly Address[] =>
  addressesIn(
    'claim' in frame
      ? [frame.previous, 'target' in frame.claim ? frame.claim.target : null]
      : [frame.identity],
  );

const addressesIn = (texts: readonly (string | null)[]): readonly Address[] => [
  ...new Set(texts.filter((text) => isAddress(text))),
];

const misfit = (name: 'IdentityEvent' | 'SessionFrame', members: Members): Result<never, Fault> => {
  const parsed = parse(name, members);
  const { detail = '', path = '' } = parsed.ok ? {} : parsed.problem;
  return refuse({ kind: 'bad-object', path, detail });
};
