#!/bin/sh
# shellcheck disable=SC2034,SC2154,SC2317 # Variables and callers are in the files that it reads.
# Removes the worktree of a run from the checkout of a workspace; its branch stays. Work that no branch
# has stays too, unless AGENT_CLEANUP_FORCE is set: exit code 68. Can run again on whatever an earlier
# attempt left. Needs common.sh and git-view.sh.
scripts=${0%/*}
. "$scripts/common.sh"
. "$scripts/git-view.sh"
LC_ALL=C
export LC_ALL

# work: what would be lost with the worktree, one thing a line.
find_work() {
  head=$(branch_in "$admin")
  if [ -n "$head" ]; then
    head=$(commit_of "refs/heads/$head")
  else
    head=$(commit_of "$(head -n 1 "$admin/HEAD" 2>/dev/null | tr -cd '0-9a-f')")
    if [ -z "$(view for-each-ref --count=1 --contains "$head" refs/heads refs/remotes 2>/dev/null)" ]; then
      work="commit $head is on no branch"
      return
    fi
  fi
  if [ -e "$admin/rebase-merge" ] || [ -e "$admin/rebase-apply" ]; then
    work="a rebase is under way"
    return
  fi
  git init -q --bare --template= "$private/own.git"
  cp "$admin/index" "$private/index" 2>/dev/null
  work=$(
    GIT_DIR=$private/own.git
    GIT_OBJECT_DIRECTORY=$shared/objects
    GIT_WORK_TREE=$worktree
    GIT_INDEX_FILE=$private/index
    export GIT_DIR GIT_OBJECT_DIRECTORY GIT_WORK_TREE GIT_INDEX_FILE
    cd "$worktree" && git update-ref --no-deref HEAD "$head" &&
      git -c core.bare=false -c core.quotePath=false status --porcelain --ignore-submodules=dirty 2>&1
  ) || work="git cannot tell what was committed: $work"
}

make_private
require_writable "$WORKSPACE_DIR" "$WORKTREES_DIR"
mkdir -p "$HOME"
printf '[safe]\n\tdirectory = *\n' >"$HOME/.gitconfig"
open_view
lock
if [ ! -e "$worktree" ]; then
  say "$worktree does not exist"
elif [ -z "${AGENT_CLEANUP_FORCE:-}" ] && [ ! -e "$admin/agent-operator-removing" ]; then
  find_work
  [ -z "$work" ] || fail 68 "$worktree holds work that no branch has and is kept:
$(printf '%s' "$work" | head -n 10)"
fi
# From here on an earlier attempt is only completed, never judged again.
[ ! -d "$admin" ] || : >"$admin/agent-operator-removing"
if ! { rm -rf "$worktree" && rm -rf "$admin"; }; then
  fail 1 "$worktree cannot be removed; see the log"
fi
say "$worktree is removed"
