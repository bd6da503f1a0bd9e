# shellcheck shell=sh
# Takes what the operator sets from the front of the command line, NAME=value up to `--`, as if it were variables of
# the container. What follows is the agent's.
while [ $# -gt 0 ]; do
  setting=$1
  shift
  [ "$setting" != -- ] || break
  export "${setting?}"
done
