# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # Variables and callers are in the scripts that read it.
# Submodules: fetched where the credentials are, each into a bare repository beside the store, and checked
# out if they are not. Needs common.sh, git-remote.sh, git-source.sh, git-store.sh and git-checkout.sh.
modules=

# fetch_modules GIT_DIR COMMIT URL PLACE: those of a commit, and theirs in turn. Adds a line for each to
# `modules`: number, directory of its parent, path, name and URL. A depth of 1 if `cut` is set.
fetch_modules() {
  listing=$(mktemp -d "$private/modules.XXXXXX") || return 1
  list_modules "$1" "$2" "$3" || fail 64 "the submodules of ${4#.} cannot be listed: $(tail -n 12 "$private/error" | scrub)"
  while IFS='	' read -r oid path name module_url; do
    [ -n "$module_url" ] || fail 64 "submodule $path: .gitmodules names no URL"
    number=$((${number:-0} + 1))
    modules="$modules$number	$4	$path	$name	$module_url
"
    fetch_module "$STORE_DIR/modules/$number" "$oid" "$module_url"
    printf '%s\t%s\t%s\t%s\n' "$number" "$oid" "$module_url" "$4/$path" >>"$listing/next"
  done <"$listing/list"
  [ -s "$listing/next" ] || return 0
  while IFS='	' read -r each oid module_url place; do
    fetch_modules "$STORE_DIR/modules/$each" "$oid" "$module_url" "$place"
  done <"$listing/next"
}

# list_modules GIT_DIR COMMIT URL: git itself reads .gitmodules and completes relative URLs, in a repository
# that has nothing but the index of that commit.
list_modules() (
  exec 2>"$private/error"
  : >"$listing/list"
  GIT_DIR=$1 git cat-file -p "$2:.gitmodules" >"$listing/.gitmodules" || exit 0
  unset GIT_DIR
  cd "$listing" || exit 1
  git init -q --template= . && git config remote.origin.url "$3" || exit 1
  mkdir -p .git/objects/info
  printf '%s\n' "$1/objects" >.git/objects/info/alternates
  git read-tree "$2" && git submodule --quiet init || exit 1
  git config -z -f .gitmodules --get-regexp '^submodule\..*\.path$' | tr '\n\0' '\t\n' >paths
  git ls-files -s | sed -n 's/^160000 \([0-9a-f]*\) 0/\1/p' >links
  while IFS='	' read -r oid path; do
    name=$(wanted=$path awk -F '\t' '$2 == ENVIRON["wanted"] { print substr($1, 11, length($1) - 15); exit }' paths)
    [ -n "$name" ] || continue
    printf '%s\t%s\t%s\t%s\n' "$oid" "$path" "$name" "$(git config "submodule.$name.url")"
  done <links >list
)

# fetch_module DIRECTORY COMMIT URL. A repository's author, not the user, has chosen the URL.
fetch_module() {
  rm -rf "$1"
  git init -q --bare --template= "$1" || fail 1 "git cannot work in $STORE_DIR; its messages are in the log"
  module=$1
  if [ -n "${cut:-}" ] && attempt fetch_of_module --depth 1 -- "$3" "$2"; then
    return
  fi
  must fetch_of_module -- "$3" '+refs/heads/*:refs/remotes/origin/*' '+refs/tags/*:refs/tags/*'
  GIT_DIR=$1 git cat-file -e "$2^{commit}" 2>/dev/null || must fetch_of_module -- "$3" "$2"
}

fetch_of_module() {
  GIT_DIR=$module
  GIT_PROTOCOL_FROM_USER=0
  export GIT_DIR GIT_PROTOCOL_FROM_USER
  fetch_refs "$@" </dev/null
}

# check_out_modules DIRECTORY: from the store, without asking anyone.
check_out_modules() {
  [ -n "$modules" ] || return 0
  printf '%s\n' "$modules" >"$private/modules"
  while IFS='	' read -r number parent path name module_url <&3; do
    [ -z "$number" ] || checked check_out_module "$1/$parent" "$STORE_DIR/modules/$number"
  done 3<"$private/modules"
}

check_out_module() (
  cd "$1" || exit 1
  admin=$(git rev-parse --git-path "modules/$name")
  git init -q --bare --template= "$admin" && git --git-dir="$admin" config core.bare false || exit 1
  git --git-dir="$admin" config remote.origin.url "$module_url" &&
    git --git-dir="$admin" config remote.origin.fetch '+refs/heads/*:refs/remotes/origin/*' || exit 1
  mkdir -p "$admin/objects/info"
  printf '%s\n' "$2/objects" >"$admin/objects/info/alternates"
  [ ! -f "$2/shallow" ] || cp "$2/shallow" "$admin/shallow"
  GIT_DIR=$2 git for-each-ref --format='%(objectname) %(refname)' >"$admin/packed-refs"
  quiet_git submodule --quiet update --init --no-fetch -- "$path"
)
