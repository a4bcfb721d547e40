import { buildCommand } from '@stricli/core';

import type { CliContext } from '../cli-context.ts';
import { lazily, type NoFlags } from './command.ts';

export const completion = buildCommand<NoFlags, [string], CliContext>({
  docs: {
    brief: 'Print the completion script of bash, zsh or fish',
    fullDescription: [
      'Examples:',
      '  cd-cli completion bash >> ~/.bashrc',
      '  cd-cli completion zsh > "${fpath[1]}/_cd-cli"',
      '  cd-cli completion fish > ~/.config/fish/completions/cd-cli.fish',
    ].join('\n'),
  },
  parameters: {
    flags: {},
    positional: {
      kind: 'tuple',
      parameters: [{ parse: String, brief: 'bash, zsh or fish', placeholder: 'shell' }],
    },
  },
  loader: lazily(async () => {
    const { runCompletion } = await import('../completion/run-completion.ts');
    return (context: CliContext, _flags: NoFlags, shell: string) => runCompletion(context, shell);
  }),
});

/** Asked by the scripts, not by people. */
export const completions = buildCommand<NoFlags, string[], CliContext>({
  docs: { brief: 'Propose what could follow on a command line' },
  parameters: {
    flags: {},
    positional: { kind: 'array', parameter: { parse: String, brief: 'Words so far', placeholder: 'word' } },
  },
  loader: lazily(async () => {
    const { runCompletions } = await import('../completion/run-completion.ts');
    return (context: CliContext, _flags: NoFlags, ...words: string[]) => runCompletions(context, words);
  }),
});
