/** Listeners by event. One that throws does not keep the others from hearing. */
export class Emitter<Events> {
  readonly #listeners: { [Event in keyof Events]?: Set<(payload: Events[Event]) => void> } = {};
  readonly #onError: (error: unknown, event: string) => void;

  /** @param onError hears what a listener threw. */
  constructor(onError: (error: unknown, event: string) => void) {
    this.#onError = onError;
  }

  on<Event extends keyof Events>(event: Event, listener: (payload: Events[Event]) => void): () => void {
    const listeners = (this.#listeners[event] ??= new Set());
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  emit<Event extends keyof Events>(event: Event, payload: Events[Event]): void {
    for (const listener of Array.from(this.#listeners[event] ?? [])) {
      try {
        listener(payload);
      } catch (error) {
        this.#onError(error, String(event));
      }
    }
  }
}
