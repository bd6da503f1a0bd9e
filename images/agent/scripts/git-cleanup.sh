#!/bin/sh
# shellcheck disable=SC2034,SC2154,SC2317 # Variables and callers are in the files that it reads.
# Removes the worktree of a run from the checkout of a workspace; its branch stays. What exists nowhere else
# stays too, unless AGENT_CLEANUP_FORCE is set: exit code 68. What is removed follows from the run's name alone,
# and no link is followed. Can run again on whatever an earlier attempt left. Needs common.sh, git-view.sh,
# git-own.sh and git-inside.sh.
scripts=${0%/*}
. "$scripts/settings.sh"
. "$scripts/common.sh"
. "$scripts/git-view.sh"
. "$scripts/git-own.sh"
. "$scripts/git-inside.sh"
LC_ALL=C
export LC_ALL

# Writes what would be lost with the worktree, one thing a line.
find_work() {
  { mkdir "$private/judge" && open_own "$private/judge"; } || {
    printf 'git cannot work in %s\n' "$private"
    return
  }
  look_at "$shared" "$admin"
  if [ -z "$commit" ]; then
    printf 'its commit cannot be read\n'
    return
  fi
  remove_pipes "$worktree"
  find_loose
  find_unfinished
  find_files
  find_inside "$worktree" | while IFS= read -r directory; do
    work_in "$directory" "$kept" | named "$directory"
  done
  # They may hold anything.
  [ ! -s "$own/closed" ] || printf 'directories that cannot be entered\n'
  find_bare "$worktree" "$admin/modules" | while IFS= read -r directory; do
    commits_of "$directory" "$kept" | named "$directory"
  done
}

# remove_pipes DIRECTORY: named pipes hold nothing, but a git that opens one to look for configuration would wait for ever.
remove_pipes() {
  find "$1" -type p -path '*/.git*' -exec rm -f {} + 2>/dev/null
}

# named DIRECTORY: reads what it holds, writes it with its place in the worktree.
named() {
  while IFS= read -r line; do
    printf '%s: %s\n' "${1#"$worktree"/}" "$line"
  done
}

find_loose() {
  loose=$(commits_in "$admin" "$shared" "$shared") || loose=unknown
  if [ "$loose" = 0 ]; then return; fi
  if [ -z "$branch" ]; then
    printf 'commit %s is on no branch\n' "$commit"
  else
    printf 'refs of the worktree have commits that no branch has (%s)\n' "$loose"
  fi
}

find_unfinished() {
  for sign in rebase-merge rebase-apply MERGE_HEAD CHERRY_PICK_HEAD REVERT_HEAD BISECT_LOG sequencer; do
    if [ ! -e "$admin/$sign" ]; then continue; fi
    case $sign in
      rebase-*) printf 'a rebase is under way\n' ;;
      *) printf 'unfinished: %s\n' "$sign" ;;
    esac
  done
}

# Changes of files, and what is only in the index of the agent's. What its sparse checkout leaves away is on a branch.
find_files() {
  if [ -L "$worktree" ] || [ ! -d "$worktree" ]; then return; fi
  : >"$own/away"
  ! is_plain "$admin/index" || head -c 1073741824 -- "$admin/index" >"$own/staged"
  if [ -f "$own/staged" ]; then
    own_git update-ref --no-deref HEAD "$commit"
    index=$own/staged
    own_git diff-index --cached --name-status --ignore-submodules=dirty HEAD >"$own/added" 2>/dev/null ||
      printf 'its index cannot be read\n' >"$own/added"
    own_git ls-files -t 2>/dev/null | sed -n 's/^S / D /p' >"$own/away"
    index=
  fi
  uncommitted_in "$worktree" "$commit" "$record.index" >"$own/changed" || printf 'git cannot compare its files\n'
  grep -v -x -F -f "$own/away" "$own/changed"
  if [ ! -s "$own/changed" ] && [ -s "$own/added" ]; then
    sed 's/^/in the index only: /' "$own/added"
  fi
}

# Directories below with a repository of their own; that of the worktree itself is no other.
find_inside() {
  find "$1" -name .git 2>"$own/closed" | while IFS= read -r dot; do
    if [ "$dot" = "$1/.git" ]; then
      line_of pointer "$dot"
      [ "$pointer" != "gitdir: $admin" ] || continue
    fi
    printf '%s\n' "${dot%/.git}"
  done
}

# Repositories without a checkout, as submodules have them.
find_bare() {
  for place in "$@"; do
    if [ -L "$place" ] || [ ! -d "$place" ]; then continue; fi
    find "$place" -name .git -prune -o -type f -name HEAD -print 2>/dev/null | while IFS= read -r head_file; do
      [ ! -d "${head_file%/HEAD}/objects" ] || [ ! -d "${head_file%/HEAD}/refs" ] || printf '%s\n' "${head_file%/HEAD}"
    done
  done
}

# remove DIRECTORY PATH NAME: in the directory, if that is the one of this path without links, whatever is put into its
# place meanwhile.
remove() (
  cd -P "$1" && [ "$(pwd -P)" = "$2" ] || exit 0
  rm -rf -- "./$3" 2>/dev/null || {
    find "./$3" -type d ! -perm -700 -exec chmod u+rwx {} \;
    rm -rf -- "./$3"
  }
)

make_private
require_writable "$WORKSPACE_DIR" "$WORKTREES_DIR" "$RECORD_DIR"
mkdir -p "$HOME"
printf '[safe]\n\tdirectory = *\n' >"$HOME/.gitconfig"
require_checkout
kept=$(cd -P "$shared" && pwd -P)
lock
if [ ! -e "$worktree" ] && [ ! -L "$worktree" ] && [ ! -e "$admin" ]; then
  say "$worktree does not exist"
elif [ -z "${AGENT_CLEANUP_FORCE:-}" ] && [ ! -e "$record.removing" ]; then
  work=$(find_work | tr -d '\000-\010\013-\037\177' | head -n 10)
  [ -z "$work" ] || fail 68 "$worktree holds work that no branch has and is kept:
$work"
fi
# From here on an earlier attempt is only completed, never judged again.
: >"$record.removing"
worktrees=$(cd -P "$WORKTREES_DIR" && pwd -P)
if ! { remove "$WORKTREES_DIR" "$worktrees" "$AGENT_RUN" && remove "$shared/worktrees" "$kept/worktrees" "${admin##*/}"; }; then
  fail 1 "$worktree cannot be removed; see the log"
fi
rm -f "$record.index" "$record.removing"
say "$worktree is removed"
