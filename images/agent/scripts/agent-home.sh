# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # Variables and callers are in the scripts that read it.
# Takes from the home directory what setup has left, or a cache holds, where agents read their user's configuration:
# code of the repository could have written it. Needs common.sh.

clear_home() {
  for path in ${AGENT_HOME_PATHS:-}; do
    remove_links_above "$path"
    remove_left "$HOME/$path"
  done
}

# remove_links_above PATH: a link in place of a folder above it could lead into a cache, where another run writes again what is removed here.
remove_links_above() {
  folder=$HOME
  below=$1
  while [ "$below" != "${below#*/}" ]; do
    folder=$folder/${below%%/*}
    below=${below#*/}
    [ ! -L "$folder" ] || rm -f "$folder" || fail 1 "$folder, which setup has left, cannot be removed"
  done
}

# remove_left PATH: removes it, but nothing of a shared volume that is mounted there.
remove_left() {
  holds=
  for place in ${AGENT_SHARED_PATHS:-}; do
    case "$1/" in
      "$place"/*) return ;;
    esac
    case $place in
      "$1"/*) holds=1 ;;
    esac
  done
  if [ -z "$holds" ]; then
    rm -rf "$1" 2>/dev/null || { chmod -R u+rwx "$1" && rm -rf "$1"; } || fail 1 "$1, which setup has left, cannot be removed"
    return
  fi
  for entry in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    if [ -e "$entry" ] || [ -L "$entry" ]; then remove_left "$entry"; fi
  done
}
