import { Type, type Static, type TSchema } from 'typebox';
import { Check } from 'typebox/value';

/** What a participant does when it is told to; its arguments are parsed before it is called. */
export interface Command {
  run(args: unknown): Promise<object>;
}

/** A command whose arguments fit a schema. */
export const command = <Schema extends TSchema>(
  schema: Schema,
  run: (args: Static<Schema>) => object | Promise<object>,
): Command => ({
  run: async (args) => {
    if (!Check(schema, args)) throw new TypeError('The arguments do not fit.');
    return run(args);
  },
});

const Order = Type.Object({ id: Type.Integer(), command: Type.String(), args: Type.Unknown() });

/**
 * Makes this process a participant of a benchmark: it does what its parent says, one command at a time, and ends when the
 * parent lets go of it.
 */
export const serve = (commands: Readonly<Record<string, Command>>): void => {
  const answer = (message: object): void => void process.send?.(message);
  process.on('message', (order: unknown) => {
    if (!Check(Order, order)) return;
    const { id } = order;
    const known = commands[order.command];
    if (known === undefined) {
      answer({ id, error: `There is no command "${order.command}".` });
      return;
    }
    known.run(order.args).then(
      (value) => answer({ id, value }),
      (error: unknown) =>
        answer({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
  process.on('disconnect', () => process.exit());
  answer({ ready: true });
};
