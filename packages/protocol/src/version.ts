/**
 * Version of the wire. A change of a schema, event, problem kind, close code or limit changes the wire's hash, and the
 * test beside it fails until the change was decided here.
 *
 * 1: first version.
 */
export const protocolVersion = 1;
