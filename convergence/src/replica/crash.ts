/** The process of a replica has ended here. */
export class Crash extends Error {
  override readonly name = 'Crash';
}
