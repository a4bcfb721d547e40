// Imported into a process before anything else: moves its clock by what a file says, as somebody who sets the clock of the
// machine would. Timers and `performance.now()` go on as they did.
import { readFileSync } from 'node:fs';

import { clockVariable } from './clock-variable.ts';

const file = process.env[clockVariable];
/** How soon a jump is noticed. */
const lookEveryMs = 25;

if (file !== undefined) {
  let offsetMs = 0;
  const look = (): void => {
    try {
      offsetMs = Number(readFileSync(file, 'utf8')) || 0;
    } catch {
      offsetMs = 0;
    }
  };
  look();
  setInterval(look, lookEveryMs).unref();

  const RealDate = Date;
  const now = (): number => RealDate.now() + offsetMs;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args: unknown[], asked) =>
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what a constructor is asked for is an object
      Reflect.construct(target, args.length === 0 ? [now()] : args, asked) as Date,
    apply: () => new RealDate(now()).toString(),
    get: (target, name, receiver): unknown => (name === 'now' ? now : Reflect.get(target, name, receiver)),
  });
}
