# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # Variables and callers are in the scripts that read it.
# Keeps code of an untrusted checkout out of the agent. Needs common.sh.

# Files of an untrusted checkout whose code would run in the agent. Marked before they are moved, so
# that neither `git status` nor a commit sees a deletion, even if this script is killed.
hide_paths() {
  for pattern in ${AGENT_HIDDEN_PATHS:-}; do
    if [ -L "${pattern%/*}" ]; then
      hide "${pattern%/*}"
    else
      hide "$pattern"
    fi
  done
}

hide() {
  [ -e "$1" ] || [ -L "$1" ] || return 0
  printf '%s\n' "$1" >>"$aside.list"
  mark_hidden --skip-worktree "$1"
  mkdir -p "$aside/$(dirname "$1")"
  mv "$1" "$aside/$1"
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
      mkdir -p "$(dirname "$1")"
      mv "$aside/$1" "$1"
    fi
  fi
)
