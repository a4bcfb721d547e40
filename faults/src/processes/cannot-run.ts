/** The harness could not do its work here, which says nothing about what it tests. */
export class CannotRun extends Error {
  override readonly name = 'CannotRun';
}
