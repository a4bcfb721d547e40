/** Module that everything is about, and where it runs. */
export const module = 'faults';
export const environment = 'development';
export const targets = [{ select: { module, environment } }];

/** Files that a runtime holds each for itself: values of configuration, and modules that others import. */
export const values = Array.from({ length: 16 }, (_, index) => `/${module}/values/value-${index + 1}.json`);
export const parts = Array.from({ length: 4 }, (_, index) => `/${module}/parts/part-${index + 1}.ts`);

export const serviceSecret = 'what the api knows the relays of this run by';
export const password = 'correct horse battery staple';
export const admin = 'root';
/** Who retries and observes. */
export const operator = 'operator';
/** Whose session is ended while it pushes. */
export const former = 'former';
