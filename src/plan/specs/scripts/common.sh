# shellcheck shell=sh disable=SC2034 # Variables are for the files it is joined with.
# What every script shares. All input comes as environment variables; nothing is ever pasted in here.
# Exit codes: 64 a permanent failure of git, 65 a volume that cannot be written, 66 an unfit image.
set -u
: "${WORKSPACE_DIR:=/workspace}" "${WORKTREES_DIR:=/workspace-wt}" "${RUN_DIR:=/workspace-run}"
: "${RECORD_DIR:=/workspace-record}"
: "${TMPDIR:=/tmp}" "${AGENT_TERMINATION_LOG:=/dev/termination-log}" "${AGENT_RUN:=run}"
# Holds the commit that the run started from, or `-`; its presence says that the checkout is complete.
base_file=$RECORD_DIR/start.${AGENT_RUN_UID:-run}.base

say() {
  printf '%s\n' "$*" >&2
}

# fail CODE TEXT...: says why on the log and in the termination message, and ends.
fail() {
  failure=$1
  shift
  printf '%s\n' "$*" >&2
  printf '%s\n' "$*" | head -c 3000 2>/dev/null >"$AGENT_TERMINATION_LOG"
  exit "$failure"
}

# require_writable DIRECTORY...: fsGroup is not applied by every volume driver.
require_writable() {
  for directory in "$@"; do
    probe=$directory/.agent-operator-probe
    # shellcheck disable=SC2012 # Only its mode and owner are shown.
    if ! (: >"$probe") 2>/dev/null; then
      fail 65 "VolumeNotWritable: the volume cannot be written: claim ${AGENT_CLAIM:-unknown}, storage class ${AGENT_STORAGE_CLASS:-(default)}, mounted at $directory, as uid $(id -u) and gid $(id -g); the directory is $(ls -ldn "$directory" 2>&1 | cut -d ' ' -f 1-4)"
    fi
    rm -f "$probe"
  done
}

# A directory that only this process reads, gone at its end.
make_private() {
  private=$(mktemp -d "$TMPDIR/agent-operator.XXXXXX") || fail 66 "cannot make a directory in $TMPDIR"
  trap 'rm -rf "$private"' EXIT
}

# Reads text, writes it fit for a JSON string.
json_text() {
  tr -d '\000-\037' | sed 's/\\/\\\\/g; s/"/\\"/g'
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
