/**
 * Stands in the detail of an `apply-failed` whose version before is lost as well, so that whoever reads it knows that
 * nothing was rolled back.
 */
export const notRestored = 'The version before could not be restored either';
