# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # Variables and callers are in the scripts that read it.
# git of the operator's own, beside what an agent has written: a repository with its own configuration, refs
# and index, in a directory of its own. It reads objects and files of the agent's; refs and HEAD are read here,
# as gitrepository-layout(5) has them. No variable of the container reaches it. Needs common.sh.

# own_git ARGUMENT...: on the files of $tree if that is set; for $patience seconds if `timeout` exists.
own_git() {
  HOME="$own/home" LC_ALL=C GIT_CONFIG_NOSYSTEM=1 GIT_ATTR_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0 \
    GIT_NO_REPLACE_OBJECTS=1 GIT_NO_LAZY_FETCH=1 GIT_DIR="$own/git" GIT_INDEX_FILE="${index:-$own/index}" \
    ${limited:+timeout -s KILL "${patience:-300}"} git ${tree:+--work-tree="$tree"} -C "${tree:-$own}" \
    -c core.multiPackIndex=false -c core.commitGraph=false -c advice.addEmbeddedRepo=false "$@"
}

# Names of the variables that are exported no more. Set here: no variable of the container decides it.
exported=

# From here on what this shell starts gets PATH alone: the other variables are the shell's own.
stop_exporting() {
  [ -z "$exported" ] || return 0
  exported=$(awk 'BEGIN { for (name in ENVIRON) if (name ~ /^[A-Za-z_][A-Za-z_0-9]*$/ && name != "PATH") print name }')
  for variable in $exported; do
    eval "value=\$$variable && unset $variable && $variable=\$value"
  done
}

# open_own DIRECTORY: makes the repository in this empty directory.
open_own() {
  own=$1
  lent_count=0
  tree=
  index=
  limited=
  ! command -v timeout >/dev/null || limited=1
  stop_exporting
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
  lent_count=$((lent_count + 1))
  lent=$own/lent.$lent_count
  mkdir "$lent" "$lent/pack" &&
    link_each is_folder "$lent" "$1"/[0-9a-f][0-9a-f] &&
    link_each is_plain "$lent/pack" "$1"/pack/pack-*.pack "$1"/pack/pack-*.idx &&
    printf '%s\n' "$lent" >>"$own/git/objects/info/alternates"
}

is_folder() {
  [ -d "$1" ]
}

# link_each TEST INTO PATH...: links those that pass the test into a directory, many at a time.
link_each() {
  passes=$1
  into=$2
  shift 2
  begun=
  for path in "$@"; do
    [ -n "$begun" ] || set --
    begun=1
    ! "$passes" "$path" || set -- "$@" "$path"
    [ $# -lt 200 ] || {
      ln -s -- "$@" "$into/" || return 1
      set --
    }
  done
  [ $# = 0 ] || ln -s -- "$@" "$into/"
}

# take_shallow FILE: where the history ends.
take_shallow() {
  ! is_plain "$1" || head -c 4194304 -- "$1" | grep -E -x '[0-9a-f]{40}' >"$own/git/shallow" || rm -f "$own/git/shallow"
}

# line_of NAME FILE: sets the variable to the file's first line, to nothing if it is no plain file.
line_of() {
  beginning=
  ! is_plain "$2" || beginning=$(head -c 4096 -- "$2")
  eval "$1=\${beginning%%\"\$line_feed\"*}"
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

# head_of GITDIR REFS: its commit, if that is there; branch: the one that it is on.
head_of() {
  branch=
  line_of commit "$1/HEAD"
  case $commit in
    'ref: '*)
      branch=${commit#ref: }
      commit=$(id_of "$branch" "$2")
      branch=${branch#refs/heads/}
      ;;
  esac
  commit=$(known_commit "$commit")
}

# known_commit ID: the id, if it is one of a commit that can be read.
known_commit() {
  case $1 in
    '' | *[!0-9a-f]*) ;;
    *) own_git rev-parse -q --verify "$1^{commit}" 2>/dev/null ;;
  esac
}

# look_at DIRECTORY GITDIR: our git sees the objects of a repository of an agent's; its refs are in $own/refs; commit and
# branch: what the worktree with that GITDIR is on.
look_at() {
  lend_objects "$1/objects"
  take_shallow "$1/shallow"
  refs_of "$1" >"$own/refs"
  head_of "$2" "$own/refs"
}

# look_at_run: the same for the checkout of the run; base: the commit that it started from, empty if it started from none.
look_at_run() {
  line_of gitdir "$record.gitdir"
  line_of base "$base_file"
  case $base in
    *[!0-9a-f]*) base= ;;
  esac
  look_at "$WORKSPACE_DIR/.git" "$gitdir"
}
