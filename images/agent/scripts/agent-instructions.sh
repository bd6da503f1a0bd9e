# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # Variables and callers are in the scripts that read it.
# What an agent is told beside its prompt, as files. Needs common.sh.

# Files that the agent reads when it starts: a line for each, its path below the home directory first.
write_files() {
  printf '%s\n' "${AGENT_FILES:-}" | while read -r path text; do
    [ -n "$path" ] || continue
    mkdir -p "$HOME/$(dirname "$path")"
    printf '%s\n' "$text" >"$HOME/$path"
  done
  unset AGENT_FILES
}

# The system prompt, and the repository's instructions as plain text for an agent that must not read its
# other configuration.
find_instructions() {
  AGENT_INSTRUCTIONS=$private/instructions.md
  if [ -n "${AGENT_INSTRUCTION_PATH:-}" ]; then
    AGENT_INSTRUCTIONS=$HOME/$AGENT_INSTRUCTION_PATH
    mkdir -p "$(dirname "$AGENT_INSTRUCTIONS")"
  fi
  export AGENT_INSTRUCTIONS
  add_instructions "${AGENT_SYSTEM_PROMPT:-}"
  take_user_instructions
  unset AGENT_SYSTEM_PROMPT AGENT_USER_INSTRUCTIONS
  for file in ${AGENT_INSTRUCTION_FILES:-}; do
    if is_repository_file "$file"; then
      head -c 262144 "$file" >>"$AGENT_INSTRUCTIONS"
      return
    fi
  done
}

# What the option for instructions is given: their file, or a setting with what it holds.
instructions_argument() {
  if [ -z "${AGENT_INSTRUCTION_KEY:-}" ]; then
    printf '%s' "$AGENT_INSTRUCTIONS"
    return
  fi
  printf '%s="""\n' "$AGENT_INSTRUCTION_KEY"
  LC_ALL=C tr -d '\000-\010\013-\037\177' <"$AGENT_INSTRUCTIONS" | LC_ALL=C sed 's/\\/\\\\/g; s/"/\\"/g'
  printf '"""'
}

add_instructions() {
  [ -z "$1" ] || printf '%s\n\n' "$1" >>"$AGENT_INSTRUCTIONS"
}

# Into the agent's own file; where that is not this run's alone, to what comes with the system prompt.
take_user_instructions() {
  given=${AGENT_USER_INSTRUCTIONS:-}
  [ -z "${AGENT_USER_INSTRUCTIONS_FILE:-}" ] || given=$(cat "$AGENT_USER_INSTRUCTIONS_FILE")
  if [ -n "$given" ] && [ -n "${AGENT_USER_INSTRUCTIONS_TARGET:-}" ]; then
    mkdir -p "$HOME/$(dirname "$AGENT_USER_INSTRUCTIONS_TARGET")"
    printf '%s\n' "$given" >"$HOME/$AGENT_USER_INSTRUCTIONS_TARGET"
  else
    add_instructions "$given"
  fi
}

# is_repository_file PATH: a regular file that does not lie outside this directory, also through links.
is_repository_file() {
  [ -f "$1" ] || return 1
  case $(readlink -f -- "$1") in
    "$(pwd -P)"/*) return 0 ;;
  esac
  return 1
}
