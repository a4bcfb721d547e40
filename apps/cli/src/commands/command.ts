import type { CommandFunction } from '@stricli/core';

import type { CliContext } from '../cli-context.ts';

/** Of a command that takes none. */
// oxlint-disable-next-line typescript/no-generated-empty-object-type -- what the parser asks for
export type NoFlags = Record<never, never>;

/** An implementation, loaded when its command is run and not before. */
export type Implementation<
  Flags extends Readonly<Record<string, unknown>>,
  Args extends readonly unknown[],
> = (context: CliContext, flags: Flags, ...args: Args) => Promise<void>;

/** Turns an implementation into what the parser calls; what it throws is explained in one place, on both channels. */
export const lazily =
  <Flags extends Readonly<Record<string, unknown>>, Args extends readonly unknown[]>(
    load: () => Promise<Implementation<Flags, Args>>,
  ): (() => Promise<CommandFunction<Flags, Args, CliContext>>) =>
  async () => {
    const [implementation, { guarded }] = await Promise.all([load(), import('../talk/guarded.ts')]);
    return async function run(this: CliContext, flags: Flags, ...args: Args): Promise<void> {
      await guarded(this, flags.json === true, () => implementation(this, flags, ...args));
    };
  };
