#!/bin/sh
# shellcheck disable=SC2034,SC2154,SC2317 # Variables and callers are in the files that it reads.
# Runs the agent as its command line ("$@") says, as the container's first process. Standard output:
# the agent's events and one line of JSON about the outcome.
scripts=${0%/*}
. "$scripts/settings.sh"
. "$scripts/common.sh"
. "$scripts/hide-secrets.sh"
. "$scripts/git-credentials.sh"
. "$scripts/agent-checkout.sh"
. "$scripts/agent-home.sh"
. "$scripts/agent-instructions.sh"
. "$scripts/agent-session.sh"
. "$scripts/agent-output.sh"
. "$scripts/agent-values.sh"
. "$scripts/agent-watch.sh"
. "$scripts/git-own.sh"
. "$scripts/git-additional.sh"
. "$scripts/git-files.sh"
. "$scripts/git-inside.sh"
. "$scripts/agent-change.sh"
aside=$RUN_DIR/aside
work=$(pwd -P)
agent=
killer=
stopped=
stalled=
hopeless=
finished=

unfit() {
  outcome=$(printf '{"type":"agent-operator","reason":"%s","message":"%s"}' "$1" "$(json_text 3000 "$2")")
  printf '%s\n' "$outcome"
  printf '%s\n' "$outcome" >"$AGENT_TERMINATION_LOG"
  say "$2"
  exit 66
}

require_fit_image() {
  for shell in ${AGENT_SHELLS:-sh}; do
    command -v "$shell" >/dev/null && break
    shell=
  done
  [ -n "$shell" ] || unfit InvalidImage "the image has none of the shells that $AGENT_CLI needs for its tools: $AGENT_SHELLS"
  for tool in awk dd; do
    command -v "$tool" >/dev/null || unfit InvalidImage "the image has no $tool, which keeps secrets out of the transcript"
  done
  for directory in "$HOME" "$TMPDIR"; do
    if ! { { [ -d "$directory" ] || mkdir -p "$directory"; } && : >"$directory/.agent-operator-probe"; } 2>/dev/null; then
      unfit InvalidImage "$directory cannot be written as uid $(id -u), but $AGENT_CLI needs it"
    fi
  done
  rm -f "$HOME/.agent-operator-probe" "$TMPDIR/.agent-operator-probe"
}

# program NAME: the executable file that it stands for, never a word that the shell itself knows.
program() (
  case $1 in
    */*)
      is_program "$1"
      exit
      ;;
  esac
  IFS=:
  set -f
  for directory in $PATH; do
    is_program "${directory:-.}/$1" && exit
  done
  exit 1
)

is_program() {
  [ -f "$1" ] && [ -x "$1" ] && printf '%s\n' "$1"
}

# cli: the agent's executable. npx works in an empty directory, where no .npmrc of the repository is read.
find_cli() {
  cli=$(program "$AGENT_CLI") && return
  [ -n "${AGENT_NPM_PACKAGE:-}" ] || unfit InvalidImage "the image has no program $AGENT_CLI, which the run's command names"
  command -v npx >/dev/null || unfit InvalidImage "the image has neither $AGENT_CLI nor npx to install it"
  say "$AGENT_CLI is not in the image: installing $AGENT_NPM_PACKAGE"
  stoppable locate_with_npx >"$private/cli" 2>"$private/npx" || {
    say "$(cat "$private/npx")"
    unfit InvalidImage "the image has no $AGENT_CLI, and npx cannot install $AGENT_NPM_PACKAGE: $(tail -n 3 "$private/npx")"
  }
  cli=$(tail -n 1 "$private/cli")
}

locate_with_npx() {
  # shellcheck disable=SC2016 # Expanded by the shell that npx starts.
  cd "$private" && exec npx --yes --package "$AGENT_NPM_PACKAGE" -- sh -c 'command -v "$AGENT_CLI"'
}

# A file, because a git started by another git does not read configuration from the environment.
configure_git() {
  command -v git >/dev/null || return 0
  configured=
  if [ -e "$HOME/.gitconfig" ] || [ -e "${XDG_CONFIG_HOME:-$HOME/.config}/git/config" ]; then configured=1; fi
  set_git_defaults "${AGENT_GIT_NAME:-Agent Operator}" "${AGENT_GIT_EMAIL:-agent-operator@localhost}"
  if [ -n "${AGENT_GIT_CREDENTIALS:-}" ]; then
    prepare_remote
    [ -z "$credential_helper" ] || git config --global credential.helper "$credential_helper"
  elif [ -n "${AGENT_GIT_CA:-}" ]; then
    find_origin
  fi
  if [ -n "${AGENT_GIT_CA:-}" ] && [ -n "${origin:-}" ]; then
    git config --global "http.$origin/.sslCAInfo" "$AGENT_GIT_CA/ca.crt"
  fi
  [ -z "${AGENT_GIT_INCLUDE:-}" ] || export GIT_CONFIG_PARAMETERS="'include.path=$HOME/.gitconfig'"
}

# set_git_defaults NAME EMAIL
set_git_defaults() {
  if [ -z "$configured" ] && is_simple "$1" && is_simple "$2"; then
    printf '[user]\n\tname = "%s"\n\temail = "%s"\n[safe]\n\tdirectory = *\n[protocol "ext"]\n\tallow = never\n' \
      "$1" "$2" >"$HOME/.gitconfig"
    return
  fi
  git_default user.name "$1"
  git_default user.email "$2"
  git_default safe.directory '*'
  git_default protocol.ext.allow never
}

git_default() {
  { [ -n "$configured" ] && git config --global --get "$1" >/dev/null; } || git config --global "$1" "$2"
}

# end_agent SIGNAL: to its whole group if it has one.
end_agent() {
  kill -s "$1" -- "-$agent" 2>/dev/null || kill -s "$1" "$agent" 2>/dev/null
}

# The run is stopped from outside, or because its agent does nothing any more.
stop() {
  [ -z "$stopped" ] || return
  stopped=1
  if [ -z "$agent" ]; then
    in_each_checkout put_back
    exit 143
  fi
  end_soon
}

# The agent's own signal first, so that it still says what it did; then harder ones.
end_soon() {
  [ -z "$killer" ] || return
  kill -s "$AGENT_STOP_SIGNAL" "$agent" 2>/dev/null
  (
    sleep 5
    end_agent TERM
    sleep 3
    end_agent KILL
  ) >/dev/null 2>&1 &
  killer=$!
}

# The agent's input is also a file that it can name.
write_prompt() {
  prompt=$TMPDIR/agent-prompt
  rm -f "$prompt"
  (umask 077 && printf '%s' "${AGENT_PROMPT_PREFIX:-}${AGENT_PROMPT:-}" >"$prompt")
  [ -z "${AGENT_PROMPT_FILE:-}" ] || cat "$AGENT_PROMPT_FILE" >>"$prompt"
  if [ -z "${AGENT_FEEDBACK:-}" ]; then
    [ -z "$resumed" ] || [ -z "${AGENT_INTERRUPTED:-}" ] || printf 'You were interrupted. Go on with your task where you left off.' >"$prompt"
  elif [ -n "$resumed" ]; then
    printf '%s' "${AGENT_PROMPT_PREFIX:-}$AGENT_FEEDBACK" >"$prompt"
  else
    printf '\n\n%s' "$AGENT_FEEDBACK" >>"$prompt"
  fi
  unset AGENT_PROMPT AGENT_PROMPT_PREFIX AGENT_FEEDBACK
  AGENT_PROMPT_FILE=$prompt
  export AGENT_PROMPT_FILE
}

start_agent() {
  write_prompt
  open_output
  read_output
  session=
  command -v setsid >/dev/null && session=setsid
  $session "$cli" "$@" <"$prompt" >"$private/out" 2>"$private/err" 3>&- 4<&- 5<&- 6>&- 7<&- 8>&- &
  agent=$!
  # What these still wait for must not keep the streams of the container open: exec, because a shell keeps copies
  # of what it redirects for a function alone.
  (exec >/dev/null 2>&1 && watch_events) &
  watchers=$!
  if [ -n "${AGENT_STALL_SECONDS:-}" ]; then
    (exec >/dev/null 2>&1 && watch_stall) &
    watchers="$watchers $!"
  fi
}

wait_for_agent() {
  while :; do
    wait "$agent"
    exit_code=$?
    kill -0 "$agent" 2>/dev/null || break
  done
  # What it has left running would keep its output open.
  kill -s KILL -- "-$agent" 2>/dev/null
  finish_output
  {
    # shellcheck disable=SC2086 # Numbers of processes.
    kill -s KILL $watchers ${killer:+"$killer"}
    [ "$$" != 1 ] || kill -s KILL -- -1
    wait
  } 2>/dev/null
  # Agents tidy up: this directory may be gone.
  [ -d "$private" ] || (umask 077 && mkdir -p "$private")
  explain_end
}

# Said now, because until its end the agent may be in the middle of a line.
explain_end() {
  if [ -n "$stopped" ]; then
    [ -z "$stalled" ] || say "the agent has done nothing for $AGENT_STALL_SECONDS s: it is stopped"
    exit_code=143
  elif [ -n "$hopeless" ]; then
    say "the agent cannot go on: it is stopped"
    [ "$exit_code" != 0 ] || exit_code=1
  elif [ -n "$finished" ]; then
    say "the agent has reported its result, but did not end for $AGENT_RESULT_PATIENCE s: it is stopped"
    exit_code=0
  fi
}

report() {
  tell "$(
    printf '{"type":"agent-operator","exitCode":%s' "$exit_code"
    [ -z "$stopped" ] || printf ',"stopped":true'
    [ -z "$stalled" ] || printf ',"stalled":true'
    describe_git
    describe_repositories
    printf ',"said":"%s"}\n' "$(last_words)"
  )"
  printf '%s\n' "$told" >"$AGENT_TERMINATION_LOG"
}

make_private
trap 'exit 143' TERM INT
require_writable "$RUN_DIR" "$work"
require_fit_image
clear_home
find_cli
configure_git
trim_keys
quote_values
collect_secrets
write_files
put_skills
find_instructions
in_each_checkout take_over
in_each_checkout put_back
trap stop TERM INT
trap 'stalled=1; stop' HUP
trap 'hopeless=1; end_soon' USR1
trap 'finished=1; end_soon' USR2
in_each_checkout hide_paths
if [ -n "${AGENT_INSTRUCTION_OPTION:-}" ] && [ -f "$AGENT_INSTRUCTIONS" ]; then
  set -- "$@" "$AGENT_INSTRUCTION_OPTION" "$(instructions_argument)"
fi
take_up_session
[ -z "$resumed" ] || set -- "$@" "$AGENT_RESUME_OPTION" "$AGENT_RESUME"
start_agent "$@"
wait_for_agent
in_each_checkout put_back
keep_session
# A long log ends with what says how the run went, so that its tail is enough.
tell "$(facts_of S)"
tell_text
tell_usage
report
exit "$exit_code"
