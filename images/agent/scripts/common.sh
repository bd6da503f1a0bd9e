# shellcheck shell=sh disable=SC2034,SC2101,SC2154 # Variables are for the scripts that read it.
# What every script shares. These files are in the git image at /agent-operator; the agent's container has
# copies of them, from the git container before it. All input comes as environment variables.
# Exit codes: 64 a permanent failure of git, 65 a volume that cannot be written, 66 an unfit image.
set -u
: "${WORKSPACE_DIR:=/workspace}" "${WORKTREES_DIR:=/workspace-wt}" "${RUN_DIR:=/workspace-run}"
: "${RECORD_DIR:=/workspace-record}" "${STORE_DIR:=/workspace-store}" "${LOCKS_DIR:=/workspace-locks}"
: "${REPOSITORIES_DIR:=/workspace-repos}" "${STORES_DIR:=/workspace-stores}"
: "${TMPDIR:=/tmp}" "${AGENT_TERMINATION_LOG:=/dev/termination-log}" "${AGENT_RUN:=run}"
# What the run started from: files beside each other, with this name before the dot.
record=$RECORD_DIR/start.${AGENT_RUN_UID:-run}
# Holds the commit that the run started from, or `-`; its presence says that the checkout is complete.
base_file=$record.base
# Objects that were fetched with credentials; absent if nothing was.
store=$STORE_DIR/repository.git

# The number of what these scripts and the operator that starts them agree on: names and meanings of the
# variables, the lines of JSON, the exit codes. src/plan/specs/scripts.ts has the operator's.
contract=7
line_feed='
'
tab='	'

# What a terminal obeys: escape sequences; the bytes of C1 and bidirectional controls, line separators and byte order
# marks in UTF-8. Joiners, which writing needs, stay.
plain_rules=$(printf 's/\033\\[[0-9;?]*[A-Za-z]//g
s/\302[\200-\237]/?/g
s/\342\200[\216\217\250-\256]/?/g
s/\342\201[\246-\251]/?/g
s/\330\234/?/g
s/\357\273\277//g')

# Reads text that others have written, writes it without what a terminal obeys.
plain() {
  LC_ALL=C tr -d '\000' | LC_ALL=C sed "$plain_rules" | LC_ALL=C tr -d '\001-\010\013-\037\177'
}

# is_simple TEXT: it stands for itself on a terminal, in JSON and between double quotes. No process looks.
is_simple() {
  case $1 in
    *[![:alnum:]' .,:/_@+=%()'"'"-]*) return 1 ;;
  esac
}

# is_printable TEXT: lines of ASCII that no terminal obeys.
is_printable() {
  case $1 in
    *[!][:alnum:]' .,:;/_@+=%()<>{}"\#!$&*?^|~`'"'$line_feed"[-]*) return 1 ;;
  esac
}

say() {
  if is_simple "$*"; then
    printf '%s\n' "$*" >&2
  else
    printf '%s\n' "$*" | plain >&2
  fi
}

# fail CODE TEXT...: says why on the log and in the termination message, and ends.
fail() {
  failure=$1
  shift
  say "$*"
  printf '%s\n' "$*" | plain | head -c 3000 2>/dev/null >"$AGENT_TERMINATION_LOG"
  exit "$failure"
}

# The git image may be of another version than the operator.
require_contract() {
  [ "${AGENT_CONTRACT:-none}" = "$contract" ] ||
    fail 66 "the git image does not fit the operator: the scripts in the image have contract $contract, the operator has contract ${AGENT_CONTRACT:-none}. Use the git image of the operator's version"
}

# hand_over_scripts: copies for the agent's container, whose image has nothing of the operator's.
hand_over_scripts() {
  [ -n "${AGENT_SCRIPTS_TARGET:-}" ] || return 0
  cp -R "$scripts/." "$AGENT_SCRIPTS_TARGET/" || fail 1 "the scripts cannot be copied to $AGENT_SCRIPTS_TARGET"
}

# require_writable DIRECTORY...: fsGroup is not applied by every volume driver.
require_writable() {
  probes=$#
  for directory in "$@"; do
    probe=$directory/.agent-operator-probe
    set -- "$@" "$probe"
    # An agent may have put a link there, to a file that it cannot write itself.
    if [ -e "$probe" ] || [ -L "$probe" ]; then rm -rf "$probe"; fi
    # shellcheck disable=SC2012 # Only its mode and owner are shown.
    if ! command : 2>/dev/null >"$probe"; then
      fail 65 "VolumeNotWritable: the volume cannot be written: claim ${AGENT_CLAIM:-unknown}, storage class ${AGENT_STORAGE_CLASS:-(default)}, mounted at $directory, as uid $(id -u) and gid $(id -g); the directory is $(ls -ldn "$directory" 2>&1 | cut -d ' ' -f 1-4)"
    fi
  done
  shift "$probes"
  rm -f -- "$@"
}

# A directory that only this process reads, gone at its end.
make_private() {
  private=$(mktemp -d "$TMPDIR/agent-operator.XXXXXX") || fail 66 "cannot make a directory in $TMPDIR"
  trap 'rm -rf "$private"' EXIT
}

# json_text BYTES TEXT: its beginning, fit for a JSON string, as one line.
json_text() {
  if [ "${#2}" -le "$1" ] && is_simple "$2"; then
    printf '%s' "$2"
  else
    printf '%s' "$2" | head -c "$1" | plain | tr -d '\n\t' | json_lines
  fi
}

# Reads plain lines, writes them fit for a JSON string.
json_lines() {
  LC_ALL=C sed "s/\\\\/\\\\\\\\/g; s/\"/\\\\\"/g; s/$tab/\\\\t/g" | LC_ALL=C awk 'NR > 1 { printf "\\n" } { printf "%s", $0 }'
}

# stoppable COMMAND...: runs it so that TERM is obeyed at once.
stoppable() {
  ("$@") &
  child=$!
  trap 'kill "$child" 2>/dev/null; exit 143' TERM INT
  wait "$child"
  ended=$?
  trap - TERM INT
  return "$ended"
}

require_contract
