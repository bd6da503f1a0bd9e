# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # Variables and callers are in the scripts that read it.
# The session of an agent, kept on the claim between two attempts of a run. Needs common.sh.

# resumed: set if an earlier attempt has left the session that is to go on.
take_up_session() {
  resumed=
  if [ -z "${AGENT_SESSION_PATH:-}" ]; then
    return
  fi
  if [ -z "${AGENT_SESSION_SHARED:-}" ] && [ -d "$RUN_DIR/session" ]; then
    mkdir -p "$HOME/$AGENT_SESSION_PATH"
    cp -R "$RUN_DIR/session/." "$HOME/$AGENT_SESSION_PATH/"
  fi
  if [ -n "${AGENT_RESUME:-}" ] && grep -r -q -F -e "$AGENT_RESUME" "$HOME/$AGENT_SESSION_PATH" 2>/dev/null; then
    say "the session of the last attempt goes on"
    resumed=1
    [ -z "${AGENT_SESSION_DROP:-}" ] || session_files "$AGENT_SESSION_PATH" "$AGENT_RESUME" |
      while IFS= read -r file; do sed -i "/$AGENT_SESSION_DROP/d" "$file"; done
    session_usage "$AGENT_RESUME" >"$private/used"
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
  [ -n "${AGENT_SESSION_PATH:-}" ] && [ -z "${AGENT_SESSION_SHARED:-}" ] || return 0
  [ -d "$HOME/$AGENT_SESSION_PATH" ] || return 0
  rm -rf "$RUN_DIR/session.tmp"
  (umask 077 && cp -R "$HOME/$AGENT_SESSION_PATH" "$RUN_DIR/session.tmp") &&
    rm -rf "$RUN_DIR/session" && mv "$RUN_DIR/session.tmp" "$RUN_DIR/session"
}
