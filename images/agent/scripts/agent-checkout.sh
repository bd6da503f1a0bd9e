# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # Variables and callers are in the scripts that read it.
# shellcheck disable=SC2030,SC2031 # What a subshell sets is for itself.
# Gives an agent checkouts without what would configure it. Needs common.sh and agent-instructions.sh.

# in_each_checkout COMMAND: in the checkout that the agent works in, then in each additional repository. What is moved out of
# the agent's sight has a place for each.
in_each_checkout() {
  "$1"
  for repository in ${AGENT_REPOSITORIES:-}; do
    (
      cd "$REPOSITORIES_DIR/$repository" || exit 0
      work=$(pwd -P)
      aside=$RUN_DIR/aside-$repository
      "$1"
    ) || exit
  done
}

# What the agent reads as configuration, and what it would take for instructions although it lies elsewhere.
# Marked before they are moved, so that neither `git status` nor a commit sees a deletion, even if this script
# is killed.
hide_paths() {
  for path in ${AGENT_HIDDEN_PATHS:-}; do
    hide "$path"
  done
  [ -z "${AGENT_OWN_INSTRUCTION_FILES:-}" ] || hide_foreign_instructions
}

# The agent would read these by itself: no links out of the checkout, no pipes, no devices.
hide_foreign_instructions() {
  odd=$(find_no_files -path "*$line_feed*" | head -n 1)
  [ -z "$odd" ] || fail 65 "VolumeNotWritable: a link of the untrusted checkout has a line feed in its path: it cannot be moved out of the agent's sight"
  find_no_files | while IFS= read -r path; do
    if [ -d "$path" ]; then
      is_foreign_folder "$path" || continue
    else
      is_named "$path" || continue
      repository_file "$path" >/dev/null && continue
    fi
    hide "${path#./}"
  done
  [ ! -e "$private/hide-failed" ] || exit 65
}

find_no_files() {
  find . -name .git -prune -o ! -type d ! -type f "$@" -print 2>/dev/null
}

is_named() {
  for name in $AGENT_OWN_INSTRUCTION_FILES; do
    [ "${1##*/}" != "$name" ] || return 0
  done
  return 1
}

# A link to a folder elsewhere that has such a file.
is_foreign_folder() {
  for name in $AGENT_OWN_INSTRUCTION_FILES; do
    if [ -e "$1/$name" ] && ! repository_file "$1/$name" >/dev/null; then
      return 0
    fi
  done
  return 1
}

hide() {
  [ -e "$1" ] || [ -L "$1" ] || return 0
  printf '%s\n' "$1" >>"$aside.list"
  mark_hidden --skip-worktree "$1"
  mkdir -p "$aside/$(dirname -- "$1")"
  mv -- "$1" "$aside/$1"
  if [ -e "$1" ] || [ -L "$1" ]; then
    : >"$private/hide-failed"
    fail 65 "VolumeNotWritable: $1 of the untrusted checkout cannot be moved out of the agent's sight"
  fi
}

mark_hidden() {
  git --literal-pathspecs ls-files -z -- "$2" 2>/dev/null | git update-index -z "$1" --stdin 2>/dev/null
}

# Also what an earlier attempt has left aside.
put_back() {
  [ -f "$aside.list" ] || return 0
  while IFS= read -r path; do
    restore "$path"
    mark_hidden --no-skip-worktree "$path"
  done <"$aside.list"
  rm -rf "$aside" "$aside.list"
}

# What an agent has put there meanwhile is not overwritten.
restore() (
  if [ -d "$aside/$1" ] && [ ! -L "$aside/$1" ] && [ -d "$1" ]; then
    for entry in "$aside/$1"/* "$aside/$1"/.[!.]*; do
      restore "${entry#"$aside"/}"
    done
  elif [ -e "$aside/$1" ] || [ -L "$aside/$1" ]; then
    if [ ! -e "$1" ] && [ ! -L "$1" ]; then
      mkdir -p "$(dirname -- "$1")"
      mv -- "$aside/$1" "$1"
    fi
  fi
)
