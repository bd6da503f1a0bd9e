# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # Variables and callers are in the scripts that read it.
# The session of an agent, kept on the claim between two attempts of a run, and for the run that continues it. Needs
# common.sh.

# copy_session FROM TO: the plain files that are sessions by their names. What else an agent has left there, settings
# of its CLI or links, stays behind.
copy_session() (
  set -f
  cd "$1" || return
  copied=$2
  set --
  for name in $AGENT_SESSION_FILES; do
    set -- "$@" ${1:+-o} -name "$name"
  done
  umask 077
  mkdir -p "$copied"
  # shellcheck disable=SC2016 # Expanded by the shell that find starts.
  copied=$copied find . -type f \( "$@" \) -exec sh -c '
    for file; do
      mkdir -p "$copied/${file%/*}" && cp -p -- "$file" "$copied/$file" || exit
    done' sh {} +
)

# take_over: what the run that is continued has left out of the agent's sight, if it was killed in its work.
take_over() {
  [ -n "${AGENT_CONTINUED_DIR:-}" ] && [ ! -e "$aside.taken-over" ] || return 0
  left=$AGENT_CONTINUED_DIR/${aside##*/}
  if [ -f "$left.list" ] && [ ! -e "$aside.list" ]; then
    [ ! -d "$left" ] || cp -R "$left" "$aside"
    cp "$left.list" "$aside.list"
  fi
  : >"$aside.taken-over"
}

# find_session: where the session that may go on has been left: by an attempt of this run, else by the run that it continues.
find_session() {
  left=$RUN_DIR/session
  if [ ! -d "$left" ] && [ -n "${AGENT_RESUME:-}" ]; then
    left=${AGENT_CONTINUED_DIR:-}/session
  fi
  [ -d "$left" ] && [ ! -L "$left" ]
}

# resumed: set if the session that is to go on is there.
take_up_session() {
  resumed=
  if [ -z "${AGENT_SESSION_PATH:-}" ]; then
    return
  fi
  if [ -z "${AGENT_SESSION_SHARED:-}" ] && find_session; then
    copy_session "$left" "$HOME/$AGENT_SESSION_PATH" || say "the session that was kept cannot be read"
  fi
  if [ -z "${AGENT_RESUME:-}" ]; then
    return
  fi
  if grep -r -q -F -e "$AGENT_RESUME" "$HOME/$AGENT_SESSION_PATH" 2>/dev/null; then
    say "the session that was kept goes on"
    resumed=1
    [ -z "${AGENT_SESSION_DROP:-}" ] || session_files "$AGENT_SESSION_PATH" "$AGENT_RESUME" |
      while IFS= read -r file; do sed -i "/$AGENT_SESSION_DROP/d" "$file"; done
    session_usage "$AGENT_RESUME" >"$private/used"
  else
    say "no session was kept that can go on: the agent begins a new one"
  fi
}

# session_files PATH NAME: those below the home directory's PATH that name the session.
session_files() {
  find "$HOME/$1" -type f -name '*.jsonl' -exec grep -l -a -F -e "$2" {} + 2>/dev/null
}

# session_usage NAME: what the session has used, as its files say. Some agents write an answer down twice.
session_usage() {
  [ -n "${AGENT_USAGE_LINES:-}" ] || return 0
  session_files "$AGENT_USAGE_PATH" "$1" |
    while IFS= read -r file; do LC_ALL=C sed -n "$AGENT_USAGE_LINES" "$file"; done | uniq
}

# Reports what an agent has used that has no result, or one that does not say all, without what an earlier attempt
# has reported.
tell_usage() {
  [ -n "${AGENT_USAGE_LINES:-}" ] || return 0
  [ -n "${AGENT_USAGE_ALWAYS:-}" ] || [ -z "$(facts_of F)" ] || return 0
  name=$(facts_of H | sed -n "$AGENT_USAGE_SESSION" | head -n 1)
  [ -n "$name" ] || return 0
  tell "$(session_usage "$name" | LC_ALL=C awk -v used="$private/used" '
    BEGIN {
      while ((getline line < used) > 0) told[line] = 1
    }
    !($0 in told)' | tail -c 131072)"
}

keep_session() {
  [ -n "${AGENT_SESSION_KEEP:-}" ] && [ -z "${AGENT_SESSION_SHARED:-}" ] || return 0
  [ -d "$HOME/$AGENT_SESSION_PATH" ] || return 0
  rm -rf "$RUN_DIR/session.tmp"
  copy_session "$HOME/$AGENT_SESSION_PATH" "$RUN_DIR/session.tmp" &&
    rm -rf "$RUN_DIR/session" && mv "$RUN_DIR/session.tmp" "$RUN_DIR/session"
}
