# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # Variables and callers are in the scripts that read it.
# Notices an agent that does nothing any more. Needs common.sh.

# used: hundredths of a second that the agent and what it has started have computed so far. Tools can have
# sessions of their own; what has ended counts with the one that waited for it.
measure_work() {
  used=$(cat /proc/[0-9]*/stat 2>/dev/null |
    sed 's/^\([0-9]*\) (.*) /\1 - /' |
    awk -v agent="$agent" '
      { parent[$1] = $4; session[$1] = $6; time[$1] = $14 + $15 + $16 + $17 }
      END {
        for (process in time)
          for (ancestor = process; ancestor in time; ancestor = parent[ancestor])
            if (ancestor == agent || session[ancestor] == agent) {
              used += time[process]
              break
            }
        print used + 0
      }')
}

# Ends an agent that has neither written anything nor computed for so long. What merely waits computes a
# little too: under two hundredths of the time is no work.
watch_stall() {
  pause=$((AGENT_STALL_SECONDS / 4))
  [ "$pause" -ge 1 ] || pause=1
  [ "$pause" -le 15 ] || pause=15
  idle=0
  size=
  before=0
  while sleep "$pause"; do
    measure_work
    now=$(wc -c <"$run_log")
    if [ "$now" = "$size" ] && [ $((used - before)) -le $((pause * 2)) ]; then
      idle=$((idle + pause))
    else
      idle=0
    fi
    size=$now
    before=$used
    [ "$idle" -lt "$AGENT_STALL_SECONDS" ] || break
  done
  say "the agent has done nothing for $idle s: it is stopped"
  : >"$private/stalled"
  kill -s TERM "$$"
}
