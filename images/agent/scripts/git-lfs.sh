#!/bin/sh
# The filter of Git LFS, for images without git-lfs. It reads a file and writes it.
#   sh git-lfs.sh smudge DIRECTORY...   the file that a pointer names, if one of the directories or the repository
#                                       has it; everything else as it is
#   sh git-lfs.sh clean                 the pointer of a file, whose content the repository keeps as for git-lfs
set -u
LC_ALL=C
export LC_ALL
version='version https://git-lfs.github.com/spec/v1'
file=$(mktemp) || exit 1
trap 'rm -f "$file"' EXIT
cat >"$file" || exit 1
own=$(git rev-parse --path-format=absolute --git-common-dir)/lfs/objects
task=$1
shift

# object: the name of what the file points to; empty if it is no pointer.
object=
if [ "$(head -n 1 "$file" | head -c 100 | tr -d '\000')" = "$version" ]; then
  object=$(head -c 1024 "$file" | tr -d '\000' | sed -n 's/^oid sha256:\([0-9a-f]\{64\}\)$/\1/p' | head -n 1)
fi

# place OBJECT: where it is below a directory.
place() {
  rest=${1#??}
  printf '%s/%s/%s' "${1%"$rest"}" "${rest%"${rest#??}"}" "$1"
}

# smudge DIRECTORY...: what is no regular file is none of ours.
smudge() {
  for directory in "$own" "$@"; do
    content=$directory/$(place "$object")
    if [ -f "$content" ] && [ ! -L "$content" ]; then
      cat "$content"
      return
    fi
  done
  cat "$file"
}

clean() {
  object=$(sha256sum <"$file") || return 1
  object=${object%% *}
  content=$own/$(place "$object")
  if [ ! -e "$content" ]; then
    mkdir -p "${content%/*}" && cp "$file" "$content.$$" && mv "$content.$$" "$content" || return 1
  fi
  printf '%s\noid sha256:%s\nsize %s\n' "$version" "$object" "$(($(wc -c <"$file")))"
}

case $task:$object in
  smudge:?*) smudge "$@" ;;
  clean:) if [ -s "$file" ]; then clean; fi ;;
  *) cat "$file" ;;
esac
