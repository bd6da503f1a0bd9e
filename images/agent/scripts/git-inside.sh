# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # Variables and callers are in the scripts that read it.
# What files and repositories hold that exists nowhere else. Needs common.sh and git-own.sh.

# uncommitted_in DIRECTORY COMMIT [INDEX]: the files there that differ from the commit, as `git status` has them, and
# what cannot be read. INDEX is one that nobody else could write.
uncommitted_in() {
  tree=$1
  rm -f "$own/index"
  [ ! -f "${3:-}" ] || cp -p -- "$3" "$own/index"
  if [ -n "$2" ]; then
    own_git update-ref --no-deref HEAD "$2" && { own_git read-tree -m "$2" || {
      rm -f "$own/index"
      own_git read-tree "$2"
    }; } || return 1
  fi
  # Not `none`: for that git would start in each submodule, with that one's configuration.
  own_git status --porcelain --ignore-submodules=dirty 2>"$own/refused" || return 1
  grep -E '^(warning|error): ' "$own/refused" || :
}

# commits_in GITDIR COMMON [KEPT]: how many commits of a repository, with `commit` and our list of its refs, are on
# nothing that stays: a branch of its remote, or, if COMMON is the directory KEPT, any branch.
commits_in() {
  stays='^refs/remotes/'
  [ "$2" != "${3:-}" ] || stays='^refs/'
  {
    [ -z "$commit" ] || printf '%s\n' "$commit"
    stays=$stays awk '{ print (substr($0, 42) ~ ENVIRON["stays"] ? "^" : "") substr($0, 1, 40) }' "$own/refs"
    [ "$1" = "$2" ] || refs_of "$1" | cut -c 1-40
  } | own_git rev-list --count --ignore-missing --stdin
}

# work_in DIRECTORY [KEPT]: says what the repository of a directory holds that exists nowhere else.
work_in() (
  { find_gitdir "$1" && open_inside "${2:-}"; } || {
    printf 'a repository that cannot be read\n'
    return
  }
  found=$(uncommitted_in "$1" "$commit") || found='files that cannot be compared'
  [ -z "$found" ] || printf '%s\n' "$found" | head -n 3
)

# commits_of GITDIR [KEPT]: the same for a repository without files.
commits_of() (
  gitdir=$1
  find_common && open_inside "${2:-}" || printf 'a repository that cannot be read\n'
)

# find_gitdir DIRECTORY: gitdir and common of the repository there, as absolute paths.
find_gitdir() {
  gitdir=$1/.git
  if [ -L "$gitdir" ] || [ ! -d "$gitdir" ]; then
    line_of gitdir "$gitdir"
    case $gitdir in
      'gitdir: '?*) gitdir=${gitdir#gitdir: } ;;
      *) return 1 ;;
    esac
    gitdir=$(cd -P "$1" 2>/dev/null && cd -P "$gitdir" 2>/dev/null && pwd -P) || return 1
  fi
  find_common
}

find_common() {
  gitdir=$(cd -P "$gitdir" 2>/dev/null && pwd -P) || return 1
  line_of common "$gitdir/commondir"
  common=$(cd -P "$gitdir" && cd -P "${common:-.}" 2>/dev/null && pwd -P)
}

# open_inside KEPT: one more repository of ours, for the one in gitdir and common; says which commits it holds alone.
open_inside() {
  open_own "$(mktemp -d "$own/inside.XXXXXX")" || return 1
  look_at "$common" "$gitdir"
  alone=$(commits_in "$gitdir" "$common" "$1") || alone=unknown
  [ "$alone" = 0 ] || printf 'commits that are nowhere else (%s)\n' "$alone"
}
