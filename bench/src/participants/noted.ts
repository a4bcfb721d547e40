type Callable = (...args: never[]) => unknown;

/** The same function, of which each call is noted first. */
export const noted = <Callee extends Callable>(callee: Callee, note: (first: unknown) => void): Callee =>
  new Proxy(callee, {
    apply: (target, self: unknown, args: never[]): unknown => {
      note(args[0]);
      return Reflect.apply<unknown, never[], unknown>(target, self, args);
    },
  });
