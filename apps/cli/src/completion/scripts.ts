/** What each shell runs to complete a command line: it asks the program itself. */
export const completionScripts = {
  bash: `_cd_cli() {
  local IFS=$'\\n'
  COMPREPLY=($(cd-cli completions -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
}
complete -o default -F _cd_cli cd-cli
`,
  zsh: `#compdef cd-cli
_cd_cli() {
  local -a proposals
  local name brief
  while IFS=$'\\t' read -r name brief; do
    proposals+=("\${name//:/\\\\:}:\${brief}")
  done < <(cd-cli completions -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#proposals} )); then
    _describe 'cd-cli' proposals
  else
    _files
  fi
}
compdef _cd_cli cd-cli
`,
  fish: `complete -c cd-cli -a '(cd-cli completions -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
} as const;

export type Shell = keyof typeof completionScripts;

/** Where each shell wants it, as a comment for people. */
export const installHints: Readonly<Record<Shell, string>> = {
  bash: 'cd-cli completion bash >> ~/.bashrc',
  zsh: 'cd-cli completion zsh > "${fpath[1]}/_cd-cli"',
  fish: 'cd-cli completion fish > ~/.config/fish/completions/cd-cli.fish',
};
