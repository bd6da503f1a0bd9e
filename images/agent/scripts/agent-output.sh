# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # Variables and callers are in the scripts that read it.
# What an agent writes, from its file descriptors to the log, and what the entrypoint reports of it. Needs common.sh,
# hide-secrets.sh and agent-output.awk.
transcript=$RUN_DIR/transcript
run_log=$RUN_DIR/log

# relay NAME: what comes by the pipe of that name. The agent can open it only once awk has the secrets before it.
relay() {
  secrets_first
  in_pieces <"$private/$1"
}

# Descriptors 3 to 8 are the entrypoint's own: facts to write and read, events, the log to append and read, the
# transcript. They are opened before the agent can change what is under their names, and it does not get them.
open_output() {
  for file in "$transcript" "$run_log"; do
    if [ -L "$file" ] || [ ! -f "$file" ]; then rm -rf "$file"; fi
    : >>"$file" || fail 65 "VolumeNotWritable: $file cannot be written"
  done
  mkfifo "$private/out" "$private/out.pieces" "$private/err" "$private/err.pieces" "$private/events"
  exec 3>"$private/facts" 5<>"$private/events" 6>>"$run_log" 8>>"$transcript"
  exec 4<"$private/facts" 7<"$run_log"
  rm -f "$private/facts"
  log_offset=$(($(wc -c <"$run_log") + 1))
}

# tee opens what a descriptor has open: a name may have another meaning once the agent runs.
read_output() {
  relay out >"$private/out.pieces" &
  out_relay=$!
  relay err >"$private/err.pieces" &
  err_relay=$!
  mask -v facts=/proc/self/fd/3 -v events=/proc/self/fd/5 -f "$scripts/agent-output.awk" <"$private/out.pieces" |
    tee -a /proc/self/fd/8 /proc/self/fd/6 &
  out_reader=$!
  mask -f "$scripts/show.awk" <"$private/err.pieces" | tee -a /proc/self/fd/6 >&2 &
  err_reader=$!
}

# Waits until all is read that the agent has written. What it has left running may keep its output open: three seconds.
finish_output() {
  (
    sleep 3
    kill "$out_relay" "$err_relay"
  ) >/dev/null 2>&1 &
  patience=$!
  wait "$out_relay" "$err_relay"
  # KILL, because a shell that has only just been forked may miss a TERM. Waited for, or some shells would
  # report its end on the log.
  {
    kill -s KILL "$patience"
    wait "$patience"
  } 2>/dev/null
  wait "$out_reader" "$err_reader"
  facts=$(cat <&4)
}

# facts_of LETTER: the lines of that kind; see agent-output.awk.
facts_of() {
  case $line_feed$facts in
    *"$line_feed$1"*) printf '%s\n' "$facts" | sed -n "s/^$1//p" ;;
  esac
}

# Longer text is searched by programs.
SHORT=65536

# tell LINES: on the log, without secrets and without what a terminal obeys.
tell() {
  [ -n "$1" ] || return 0
  told=$1
  if [ "${#1}" -gt "$SHORT" ] || ! is_printable "$1" || shows_secret "$1"; then
    told=$(printf '%s\n' "$1" | plain | hide_secrets)
  fi
  printf '%s\n' "$told"
  printf '%s\n' "$told" >&6
}

# Reads text, writes its last $1 bytes fit for a JSON string: of a line that was written over only what it was in
# the end.
json_tail() {
  carriage=$(printf '\r')
  tail -c "$1" | tr -d '\000' | LC_ALL=C sed "s/$carriage*\$//; s/^.*$carriage//" | plain | json_lines
}

# A line for the operator of an agent that writes text instead of events: its output, and all it has said if it failed.
tell_text() {
  [ -z "${AGENT_SUMMARY:-}" ] || return 0
  all_said=$(tail -c "+$log_offset" <&7 | tail -c 8192 | tr -d '\000')
  tell "$(
    printf '{"type":"agent-operator-text","output":"%s"' "$(facts_of T | json_tail 32768)"
    [ "$exit_code" = 0 ] || printf ',"log":"%s"' "$(printf '%s\n' "$all_said" | json_tail 8192)"
    printf '}\n'
  )"
}

# What decides about the run, for an operator that cannot have the log.
last_words() {
  if [ -n "${AGENT_SUMMARY:-}" ]; then
    facts_of R | json_lines
  else
    {
      printf '{"type":"agent-operator-text","output":"%s"' "$(facts_of T | json_tail 700)"
      [ "$exit_code" = 0 ] || printf ',"log":"%s"' "$(printf '%s\n' "$all_said" | json_tail 700)"
      printf '}'
    } | json_lines
  fi
}
