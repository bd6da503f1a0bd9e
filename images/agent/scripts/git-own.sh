# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # Variables and callers are in the scripts that read it.
# git of the operator's own, beside what an agent has written: a repository with its own configuration, refs
# and index, in a directory of its own. It reads objects and files of the agent's; refs and HEAD are read here,
# as gitrepository-layout(5) has them. No variable of the container reaches it. Needs common.sh.

# own_git ARGUMENT...: on the files of $tree where that is set; for $patience seconds where `timeout` exists.
own_git() {
  env -i PATH="$PATH" HOME="$own/home" LC_ALL=C GIT_CONFIG_NOSYSTEM=1 GIT_ATTR_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0 \
    GIT_NO_REPLACE_OBJECTS=1 GIT_NO_LAZY_FETCH=1 GIT_DIR="$own/git" GIT_INDEX_FILE="${index:-$own/index}" \
    ${tree:+GIT_WORK_TREE="$tree"} ${limited:+timeout -s KILL "${patience:-300}"} git -C "${tree:-$own}" \
    -c core.multiPackIndex=false -c core.commitGraph=false -c advice.addEmbeddedRepo=false "$@"
}

# open_own DIRECTORY: makes the repository in this empty directory.
open_own() {
  own=$1
  tree=
  index=
  limited=
  ! command -v timeout >/dev/null || limited=1
  mkdir "$own/home" && own_git init -q --bare --template= && printf '[core]\n\tbare = false\n' >>"$own/git/config" &&
    mkdir -p "$own/git/objects/info" || return 1
  # What was fetched with credentials: no agent can write there, and checkouts read it in place.
  for objects in "${STORE_DIR:-/workspace-store}"/repository.git/objects "${STORE_DIR:-/workspace-store}"/modules/*/objects; do
    lend_objects "$objects" || return 1
  done
}

# is_plain FILE: a regular file that is no link.
is_plain() {
  [ -f "$1" ] && [ ! -L "$1" ]
}

# lend_objects DIRECTORY: lets our git read the objects there, but none of what steers a git in them:
# alternates, graphs, indices over several packs.
lend_objects() {
  [ -d "$1" ] || return 0
  lent=$(mktemp -d "$own/lent.XXXXXX") && mkdir "$lent/pack" || return 1
  for directory in "$1"/[0-9a-f][0-9a-f]; do
    [ ! -d "$directory" ] || printf '%s\n' "$directory"
  done | link_into "$lent"
  for file in "$1"/pack/pack-*.pack "$1"/pack/pack-*.idx; do
    ! is_plain "$file" || printf '%s\n' "$file"
  done | link_into "$lent/pack"
  printf '%s\n' "$lent" >>"$own/git/objects/info/alternates"
}

# Reads paths, one a line, and links them into a directory, many at a time.
link_into() {
  set -- "$1"
  while IFS= read -r path; do
    set -- "$@" "$path"
    [ "$#" -lt 200 ] || {
      link_all "$@"
      set -- "$1"
    }
  done
  link_all "$@"
}

link_all() {
  into=$1
  shift
  [ "$#" = 0 ] || ln -s -- "$@" "$into/"
}

# take_shallow FILE: where the history ends.
take_shallow() {
  ! is_plain "$1" || head -c 4194304 -- "$1" | grep -E -x '[0-9a-f]{40}' >"$own/git/shallow" || rm -f "$own/git/shallow"
}

# line_of FILE: its first line, where it is a plain file.
line_of() {
  ! is_plain "$1" || head -c 4096 -- "$1" | head -n 1
}

# refs_of DIRECTORY: its refs, `ID REF` a line; what is no id is left out.
refs_of() {
  {
    ! is_plain "$1/packed-refs" || head -c 268435456 -- "$1/packed-refs" | grep -a -E '^[0-9a-f]{40} refs/'
    [ -L "$1/refs" ] || (cd "$1" 2>/dev/null && find ./refs -type f -size -3 2>/dev/null) |
      LC_ALL=C awk -v directory="$1" '{
        file = directory "/" substr($0, 3)
        if ((getline id < file) > 0 && id ~ /^[0-9a-f]+$/ && length(id) == 40) print id, substr($0, 3)
        close(file)
      }'
  } | LC_ALL=C awk '
    !(substr($0, 42) in id) { order[++count] = substr($0, 42) }
    { id[substr($0, 42)] = substr($0, 1, 40) }
    END { for (i = 1; i <= count; i++) print id[order[i]], order[i] }'
}

# id_of REF FILE: what the ref is in the list that refs_of has written.
id_of() {
  ref=$1 awk 'substr($0, 42) == ENVIRON["ref"] { print substr($0, 1, 40); exit }' "$2"
}

# head_of GITDIR REFS: its commit, where that is there; branch: the one that it is on.
head_of() {
  branch=
  commit=$(line_of "$1/HEAD")
  case $commit in
    'ref: '*)
      branch=${commit#ref: }
      commit=$(id_of "$branch" "$2")
      branch=${branch#refs/heads/}
      ;;
  esac
  commit=$(known_commit "$commit")
}

# known_commit ID: the id, where it is one of a commit that can be read.
known_commit() {
  case $1 in
    '' | *[!0-9a-f]*) ;;
    *) own_git rev-parse -q --verify "$1^{commit}" 2>/dev/null ;;
  esac
}

# remove_pipes DIRECTORY: named pipes hold nothing, but a git that opens one to look for configuration would wait for ever.
remove_pipes() {
  find "$1" -type p -path '*/.git*' -exec rm -f {} + 2>/dev/null
}
