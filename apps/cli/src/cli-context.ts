import type { Screen } from './screen.ts';
import type { InputStream, OutputStream } from './streams.ts';

/** Everything that a command touches of the process it runs in; a test hands in its own. */
export interface CliContext {
  readonly process: {
    readonly stdin: InputStream;
    /** Data alone. */
    readonly stdout: OutputStream;
    /** Talk with people: progress, warnings, errors. */
    readonly stderr: OutputStream;
    readonly env: Readonly<Record<string, string | undefined>>;
    /** Null until something else than success is known. */
    exitCode: number | string | null;
  };
  /** Everything that is written while something is under way goes through it. */
  readonly screen: Screen;
  readonly cwd: string;
  /** The command line, as it was given. */
  readonly words: readonly string[];
  /** Aborted when the person wants to stop (Ctrl-C, or a polite kill). */
  readonly signal: AbortSignal;
  /** What could stand in place of the last of these words of a command line. */
  propose(
    words: readonly string[],
  ): Promise<readonly { readonly completion: string; readonly brief: string }[]>;
}
