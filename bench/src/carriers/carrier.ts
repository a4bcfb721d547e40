import { Type } from 'typebox';

import { AnchorEnvelopeSchema } from '../participants/signing.ts';

/** What carries a text from one to many and their answers back, as one would use it without cd-push. */
export interface Carrier {
  /** Connects one that takes each text and answers it. */
  receiver(url: string, take: (text: string) => void): Promise<void>;
  /** Connects the one that sends. What it gives resolves when so many have answered a text. */
  sender(url: string): Promise<(text: string, answers: number) => Promise<void>>;
}

/** What a text holds: whether whoever gets it has signatures to verify, and what travels. */
export const CarriedSchema = Type.Object({ signed: Type.Boolean(), envelope: AnchorEnvelopeSchema });

/** Counts answers to one text at a time. */
export class Answers {
  #missing = 0;
  #all = Promise.withResolvers<void>();

  /** Resolves when so many have come from now on. */
  expect(count: number): Promise<void> {
    if (this.#missing > 0) throw new Error(`${this.#missing} answers to the text before are missing.`);
    this.#missing = count;
    this.#all = Promise.withResolvers<void>();
    return this.#all.promise;
  }

  came(): void {
    this.#missing -= 1;
    if (this.#missing === 0) this.#all.resolve();
  }
}
