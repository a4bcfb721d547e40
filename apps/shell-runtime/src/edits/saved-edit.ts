import type { EditSettled, Problem } from '@cd-push/protocol';

/** What became of an edit: it is in the developer's file, or it is not, and why. */
export interface SavedEdit {
  readonly outcome: EditSettled['outcome'];
  readonly problem?: Problem | undefined;
}
