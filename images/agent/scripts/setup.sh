#!/bin/sh
# shellcheck disable=SC2154,SC2317 # Variables and callers are in the files that it reads.
# Runs what prepares the checkout, as its command line ("$@") says, for a bounded time. Exit code: that of the program,
# or 124 if its time is over. Why it has failed is in its last lines: the termination message is left to those.
scripts=${0%/*}
. "$scripts/settings.sh"
. "$scripts/common.sh"
. "$scripts/hide-secrets.sh"
program=
reader=
late=

# end_program SIGNAL: to its whole group if it has one.
end_program() {
  kill -s "$1" -- "-$program" 2>/dev/null || kill -s "$1" "$program" 2>/dev/null
}

end_soon() {
  [ -n "$program" ] || exit 143
  end_program TERM
  (
    sleep 5
    end_program KILL
  ) >/dev/null 2>&1 &
}

# Values of Secrets are kept out of what the program writes.
open_output() {
  [ -n "${AGENT_SECRET_NAMES:-}${AGENT_SECRET_FILES:-}" ] || return 0
  collect_secrets
  mkfifo "$private/output" || fail 66 "setup needs mkfifo"
  hide_secrets <"$private/output" &
  reader=$!
}

# What is left of its output. A process that stays in its own session may keep it open: three seconds.
finish_output() {
  [ -n "$reader" ] || return 0
  (
    sleep 3
    kill -s KILL "$reader"
  ) >/dev/null 2>&1 &
  wait "$reader" 2>/dev/null
}

run_program() {
  session=
  command -v setsid >/dev/null && session=setsid
  if [ -n "$reader" ]; then
    $session "$@" >"$private/output" 2>&1 </dev/null &
  else
    $session "$@" 2>&1 </dev/null &
  fi
  program=$!
  (
    sleep "$AGENT_SETUP_SECONDS"
    kill -s USR1 "$$"
  ) >/dev/null 2>&1 &
  timer=$!
  while :; do
    wait "$program"
    exit_code=$?
    kill -0 "$program" 2>/dev/null || break
  done
  # What it has left running would keep its output open.
  kill -s KILL -- "-$program" "$timer" 2>/dev/null
}

make_private
trap end_soon TERM INT
trap 'late=1; end_soon' USR1
open_output
run_program "$@"
finish_output
: >"$AGENT_TERMINATION_LOG"
if [ -n "$late" ]; then
  say "setup has not ended within $AGENT_SETUP_SECONDS s: it is stopped"
  exit 124
fi
[ "$exit_code" = 0 ] || say "setup has ended with exit code $exit_code"
exit "$exit_code"
