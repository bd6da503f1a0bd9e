# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # Variables and callers are in the scripts that read it.
# What files and repositories hold that exists nowhere else. Needs common.sh and git-own.sh.

# uncommitted_in DIRECTORY COMMIT [INDEX]: the files there that differ from the commit, as `git status` has them.
# INDEX as for take_files.
uncommitted_in() {
  tree=$1
  rm -f "$own/index"
  [ ! -f "${3:-}" ] || cp -- "$3" "$own/index"
  if [ -n "$2" ]; then
    own_git update-ref --no-deref HEAD "$2" && { own_git read-tree -m "$2" || {
      rm -f "$own/index"
      own_git read-tree "$2"
    }; } || return 1
  fi
  # Not `dirty`: for that git would start in each submodule, with that one's configuration.
  own_git status --porcelain --ignore-submodules=dirty
}

# commits_in GITDIR COMMON [KEPT]: how many commits of a repository, with `commit` and our list of its refs, are on
# nothing that stays: a branch of its remote, or, where COMMON is the directory KEPT, any branch.
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
  find_gitdir "$1" || {
    printf 'a repository that cannot be read\n'
    return
  }
  outer=$own
  open_own "$(mktemp -d "$outer/inside.XXXXXX")" || exit 1
  lend_objects "$common/objects"
  take_shallow "$common/shallow"
  refs_of "$common" >"$own/refs"
  head_of "$gitdir" "$own/refs"
  commits=$(commits_in "$gitdir" "$common" "${2:-}") || commits=unknown
  [ "$commits" = 0 ] || printf 'commits that are nowhere else (%s)\n' "$commits"
  found=$(uncommitted_in "$1" "$commit") || found='files that git cannot compare'
  [ -z "$found" ] || printf '%s\n' "$found" | head -n 1
  rm -rf "$own"
)

# find_gitdir DIRECTORY: gitdir and common of the repository there, as absolute paths.
find_gitdir() {
  gitdir=$1/.git
  if [ -L "$gitdir" ] || [ ! -d "$gitdir" ]; then
    gitdir=$(line_of "$gitdir" | sed -n 's/^gitdir: //p')
    [ -n "$gitdir" ] || return 1
    gitdir=$(cd "$1" 2>/dev/null && cd "$gitdir" 2>/dev/null && pwd -P) || return 1
  fi
  common=$(line_of "$gitdir/commondir")
  common=$(cd "$gitdir" 2>/dev/null && cd "${common:-.}" 2>/dev/null && pwd -P)
}
