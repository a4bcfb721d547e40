import { problemOf, ProblemError } from '@cd-push/protocol';

import type { ArgumentsOf, ArgumentSchema } from './argument-schema.ts';

/** Checks its arguments itself. */
type Registered = (args: unknown) => unknown;

/**
 * Registers an operation. Its arguments are checked before it is called; a name can be registered again, as a module that
 * is evaluated anew does.
 *
 * @returns withdraws it, unless it was registered anew meanwhile.
 */
export type RegisterOperation = <const Schema extends ArgumentSchema>(
  name: string,
  schema: Schema,
  run: (args: ArgumentsOf<Schema>) => unknown,
) => () => void;

/** Operations that the app offers to those who may push. */
export class Operations {
  readonly #registered = new Map<string, Registered>();

  readonly register: RegisterOperation = (name, schema, run) => {
    const registered: Registered = async (args) => {
      // Needed by no page whose operations nobody calls.
      const { misfitOf } = await import('./argument-schema.ts');
      const misfit = misfitOf(schema, args);
      if (misfit !== undefined) throw new ProblemError(problemOf('invalid-request', misfit));
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what fits the schema is what its type says, which the compiler gives up to follow for any schema
      return run(args as never);
    };
    this.#registered.set(name, registered);
    return () => {
      if (this.#registered.get(name) === registered) this.#registered.delete(name);
    };
  };

  async execute(name: string, args: unknown): Promise<unknown> {
    const registered = this.#registered.get(name);
    if (registered === undefined) {
      throw new ProblemError(
        problemOf('not-found', { detail: `No operation "${name}" is registered here.` }),
      );
    }
    return registered(args);
  }
}
