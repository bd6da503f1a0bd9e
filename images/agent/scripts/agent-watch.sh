# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # Variables and callers are in the scripts that read it.
# Notices an agent that cannot go on, does nothing any more, or does not end. Needs common.sh.

# used: hundredths of a second that the agent and what it has started have computed so far. Tools can have
# their own sessions; what has ended counts with the one that waited for it.
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

# wait_until_idle SECONDS: until the agent has neither written anything nor computed for so long. What merely waits
# computes a little too: under two hundredths of the time is no work.
wait_until_idle() {
  pause=$(($1 / 4))
  [ "$pause" -ge 1 ] || pause=1
  [ "$pause" -le 15 ] || pause=15
  idle=0
  size=
  before=0
  while [ "$idle" -lt "$1" ]; do
    sleep "$pause"
    kill -0 "$agent" 2>/dev/null || return
    measure_work
    now=$(wc -c </proc/self/fd/7)
    if [ "$now" = "$size" ] && [ $((used - before)) -le $((pause * 2)) ]; then
      idle=$((idle + pause))
    else
      idle=0
    fi
    size=$now
    before=$used
  done
}

# The entrypoint's handler of each signal says what follows.
watch_stall() {
  wait_until_idle "$AGENT_STALL_SECONDS" && kill -s HUP "$$"
}

watch_rest() {
  wait_until_idle "$AGENT_RESULT_PATIENCE" && kill -s USR2 "$$"
}

# Reads the events of agent-output.awk. After its final result an agent may still wait for what it has started.
watch_events() {
  rest=
  while read -r event <&5; do
    case $event in
      hopeless) kill -s USR1 "$$" ;;
      result)
        [ -z "$rest" ] || kill -s KILL "$rest" 2>/dev/null
        watch_rest &
        rest=$!
        ;;
      more)
        [ -z "$rest" ] || kill -s KILL "$rest" 2>/dev/null
        rest=
        ;;
    esac
  done
}
