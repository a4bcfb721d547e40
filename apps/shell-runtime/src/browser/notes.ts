import type { Overlay } from './overlay.ts';

/** What tells people of pushes; its part of the runtime is loaded with the first thing there is to tell. */
export class Notes {
  #overlay: Overlay | undefined;

  /** What is told in a row is shown in that row. */
  tell(what: (overlay: Overlay) => void): void {
    import('./overlay.ts').then(
      (part) => what((this.#overlay ??= new part.Overlay())),
      (error: unknown) => console.warn('[cd-push] A note could not be shown.', error),
    );
  }
}
