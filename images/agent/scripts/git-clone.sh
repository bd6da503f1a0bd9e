#!/bin/sh
# shellcheck disable=SC2034,SC2154,SC2317 # Variables and callers are in the files that it reads.
# Makes the checkout of a standalone run, and its worktree if one is asked for. With credentials there
# are two containers: AGENT_GIT_STEP=fetch has them and fetches into the store, AGENT_GIT_STEP=checkout
# has the checkout. Needs common.sh, git-credentials.sh, git-remote.sh, git-source.sh, git-store.sh,
# git-checkout.sh, git-submodules.sh and git-record.sh.
scripts=${0%/*}
. "$scripts/settings.sh"
. "$scripts/common.sh"
. "$scripts/git-credentials.sh"
. "$scripts/git-remote.sh"
. "$scripts/git-source.sh"
. "$scripts/git-store.sh"
. "$scripts/git-checkout.sh"
. "$scripts/git-submodules.sh"
. "$scripts/git-record.sh"
LC_ALL=C
export LC_ALL
url=$AGENT_REPOSITORY_URL
branch=${AGENT_REPOSITORY_BRANCH:-}
commit=${AGENT_REPOSITORY_COMMIT:-}
worktree_branch=${AGENT_WORKTREE_BRANCH:-}
source_branch=${AGENT_WORKTREE_SOURCE:-}
worktree=$WORKTREES_DIR/$AGENT_RUN
start=
work_start=
lfs=

# A branch has its upstream; a commit is nobody's branch.
check_out() {
  if [ -z "$start" ]; then
    [ -z "$worktree_branch" ] || fail 64 "$url has no commits, so no worktree can be made from it"
    return 0
  fi
  if [ -n "$worktree_branch" ]; then
    # Detached, so that the worktree can have any branch.
    checked check_out_detached "$start"
    rm -rf "$worktree"
    checked quiet_git worktree add -q -f --no-track -B "$worktree_branch" -- "$worktree" "$work_start"
  elif [ -n "$branch" ]; then
    checked check_out_branch "$branch" "$start"
  else
    checked check_out_detached "$start"
  fi
}

leave_in_store() {
  require_writable "$STORE_DIR"
  if [ -d "$found" ]; then
    say "the repository is in the store already"
    exit 0
  fi
  rm -rf "$store"
  open_store || fail 1 "git cannot work in $STORE_DIR; its messages are in the log"
  prepare_remote
  fetch_wanted
  fetch_lfs "$store" "$work_start"
  if [ -n "${AGENT_REPOSITORY_SUBMODULES:-}" ] && [ -n "$work_start" ]; then
    cut=true
    fetch_modules "$store" "$work_start" "$url" .
  fi
  leave start work_start branch modules lfs
}

make_checkout() {
  hand_over_scripts
  require_writable "$WORKSPACE_DIR" "$WORKTREES_DIR" "$RUN_DIR" "$RECORD_DIR"
  if [ -s "$base_file" ]; then
    say "the checkout has been made already: what is in it is kept as it is"
    # No other git works here: a lock is one that was killed.
    rm -f "$WORKSPACE_DIR/.git/index.lock" "$WORKSPACE_DIR"/.git/worktrees/*/index.lock
    exit 0
  fi
  checked empty_checkout
  if [ "${AGENT_GIT_STEP:-}" = checkout ]; then
    take start work_start branch modules lfs
    checked adopt_store
  else
    prepare_remote
    fetch_wanted
    fetch_lfs "$WORKSPACE_DIR/.git" "$work_start"
  fi
  checked set_lfs_filter
  check_out
  work=$WORKSPACE_DIR
  [ -z "$worktree_branch" ] || work=$worktree
  if [ "${AGENT_GIT_STEP:-}" = checkout ]; then
    check_out_modules "$work"
  elif [ -n "${AGENT_REPOSITORY_SUBMODULES:-}" ] && [ -f "$work/.gitmodules" ]; then
    attempt update_submodules "$work" --depth 1 || must update_submodules "$work"
  fi
  git -C "$work" for-each-ref --format='%(objectname) %(refname)' refs/heads >"$private/heads"
  gitdir=$(git -C "$work" rev-parse --absolute-git-dir -q --verify HEAD)
  head=${gitdir#*"$line_feed"}
  gitdir=${gitdir%%"$line_feed"*}
  [ "$head" != "$gitdir" ] || head=
  record_start "$head" "$gitdir" "$work_start" "$gitdir/index"
}

make_private
[ -d "$HOME" ] || mkdir -p "$HOME"
printf '[safe]\n\tdirectory = *\n[init]\n\tdefaultBranch = main\n' >"$HOME/.gitconfig"
if [ "${AGENT_GIT_STEP:-}" = fetch ]; then
  leave_in_store
else
  make_checkout
fi
say_start "$work_start"
