import type { CommandContext } from "../context.ts";
import type { CompletionValues } from "../options.ts";

/**
 * For each shell a function that asks `agent-operator complete -- WORD…` and offers its lines, `VALUE<tab>ABOUT`, as they
 * are: nothing that a cluster has named is evaluated. Without an answer the shell offers files.
 */
const SCRIPTS: Readonly<Record<string, string>> = {
  // bash takes a colon for a word: the words are joined again, and only what follows the last colon is offered.
  bash: `_agent_operator() {
  local line word current n=0
  local -a words=()
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD}"; do
    if (( n )) && [[ $word == :* || \${words[n - 1]} == *: ]]; then
      words[n - 1]+=$word
    else
      words[n++]=$word
    fi
  done
  current=\${words[n - 1]}
  while IFS= read -r line; do
    line=\${line%%$'\\t'*}
    [[ $current != *:* ]] || line=\${line#"\${current%:*}:"}
    COMPREPLY+=("$line")
  done < <(agent-operator complete -- "\${words[@]}" 2>/dev/null)
}
complete -o default -F _agent_operator agent-operator
`,
  zsh: `#compdef agent-operator
_agent_operator() {
  local line
  local -a found
  while IFS= read -r line; do
    found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done < <(agent-operator complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#found} )); then _describe agent-operator found; else _files; fi
}
(( \${+functions[compdef]} )) || { autoload -Uz compinit && compinit; }
compdef _agent_operator agent-operator
`,
  fish: `function __agent_operator_complete
  set -l words (commandline -opc)[2..-1]
  set -l current (commandline -ct)
  set -l found (agent-operator complete -- $words "$current" 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\\n' $found
  else
    __fish_complete_path "$current"
  end
end
complete -c agent-operator -f -a '(__agent_operator_complete)'
`,
};

/** Prints the script for a shell. */
export async function runCompletion({ shell }: CompletionValues, { out }: CommandContext): Promise<number> {
  out.write(SCRIPTS[shell] ?? "");
  return 0;
}
