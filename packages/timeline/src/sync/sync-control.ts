import {
  isSyncRequestContext,
  isSyncResponseContext,
  isSyncSelection,
  ok,
  refuse,
  type SyncRequestContext,
  type SyncResponseContext,
} from '@cd-push/protocol';

import { isAddress, type Address } from '../objects/address.ts';
import type { ControlKind } from '../objects/control-kind.ts';

export const contextKind = 'cd-push/sync/1';
export const selectionKind = 'cd-push/selection/1';

export type SyncContext = SyncRequestContext | SyncResponseContext;

/** Signed turns of synchronisations, to be read beside frames. Each leads to those before it. */
export const contextControl: ControlKind = {
  kind: contextKind,
  read: (members) =>
    isSyncRequestContext(members) || isSyncResponseContext(members)
      ? ok({ value: members, refers: previousOf(members) })
      : refuse({ kind: 'bad-object', path: '', detail: 'This is no turn of a synchronisation.' }),
};

/** Lists of what is synchronised. They name timelines without needing them: an address may stand for what comes later. */
export const selectionControl: ControlKind = {
  kind: selectionKind,
  read: (members) =>
    isSyncSelection(members)
      ? ok({ value: members, refers: [] })
      : refuse({ kind: 'bad-object', path: '', detail: 'This is no selection.' }),
};

const previousOf = ({ previous }: SyncContext): readonly Address[] => (isAddress(previous) ? [previous] : []);
