# The last step before a container's own command: enters the working directory, finds the program as a
# runtime would, reports on descriptor 3 and becomes the program. Arguments: directory, command, its arguments.
fail() {
  printf 'failed %s\n' "$1" >&3
  exit 128
}
cd -- "$1" 2>/dev/null || fail "chdir to cwd (\"$1\") set in config.json failed: no such file or directory"
shift
case $1 in
*/*)
  [ -e "$1" ] || fail "exec: \"$1\": stat $1: no such file or directory"
  { [ -f "$1" ] && [ -x "$1" ]; } || fail "exec: \"$1\": permission denied"
  ;;
*)
  found=
  rest=$PATH:
  while [ -n "$rest" ] && [ -z "$found" ]; do
    candidate=${rest%%:*}/$1
    rest=${rest#*:}
    if [ -f "$candidate" ] && [ -x "$candidate" ]; then found=$candidate; fi
  done
  [ -n "$found" ] || fail "exec: \"$1\": executable file not found in \$PATH"
  ;;
esac
unset PWD OLDPWD SHLVL
# Where descriptor 4 is open, a second shell runs what is written to it, such as probes, and answers on 5.
if { true <&4; } 2>/dev/null; then sh <&4 >&5 2>/dev/null 3>&- 4<&- 5>&- & fi
printf 'started\n' >&3
exec "$@" 3>&- 4<&- 5>&-
