# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # Variables and callers are in the scripts that read it.
# The end of what an agent has written that writes text instead of events. Needs common.sh.

# Reads text, writes its last $1 bytes fit for a JSON string: without colours, and of a line that was
# written over only what it was in the end.
json_tail() {
  escape=$(printf '\033')
  carriage=$(printf '\r')
  tab=$(printf '\t')
  tail -c "$1" | LC_ALL=C tr -d '\000-\010\013\014\016-\032\034-\037\177' |
    LC_ALL=C sed "s/$escape\[[0-9;?]*[A-Za-z]//g; s/$escape//g; s/$carriage*\$//; s/^.*$carriage//; s/\\\\/\\\\\\\\/g; s/\"/\\\\\"/g; s/$tab/\\\\t/g" |
    LC_ALL=C awk 'NR > 1 { printf "\\n" } { printf "%s", $0 }'
}

# One line for the operator: its output, and all that it has said where it has failed.
tell_text() {
  [ -z "${AGENT_SUMMARY:-}" ] || return 0
  printf '{"type":"agent-operator-text","output":"%s"' "$(said | json_tail 32768)"
  [ "$exit_code" = 0 ] || printf ',"log":"%s"' "$(tail -c "+$log_offset" "$run_log" | json_tail 8192)"
  printf '}\n'
}
