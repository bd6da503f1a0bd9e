#!/bin/sh
# shellcheck disable=SC2034,SC2154,SC2317 # Variables and callers are in the files that it reads.
# Makes the checkout of a standalone run, and its worktree where one is asked for. Can run again on
# whatever an earlier attempt left. Needs common.sh, git-credentials.sh, git-remote.sh,
# git-checkout.sh and git-record.sh.
scripts=${0%/*}
. "$scripts/common.sh"
. "$scripts/git-credentials.sh"
. "$scripts/git-remote.sh"
. "$scripts/git-checkout.sh"
. "$scripts/git-record.sh"
LC_ALL=C
export LC_ALL
url=$AGENT_REPOSITORY_URL
branch=${AGENT_REPOSITORY_BRANCH:-}
commit=${AGENT_REPOSITORY_COMMIT:-}
worktree_branch=${AGENT_WORKTREE_BRANCH:-}
source_branch=${AGENT_WORKTREE_SOURCE:-}
worktree=$WORKTREES_DIR/$AGENT_RUN

# fetch_shallow REFSPEC: one commit deep, or all of it from a server that cannot cut.
fetch_shallow() {
  attempt fetch_refs --depth 1 -- "$url" "$1"
  result=$?
  if [ "$result" != 0 ] && grep -q 'does not support shallow' "$private/error"; then
    must fetch_refs -- "$url" "$1"
    return 0
  fi
  return "$result"
}

fetch_branch() {
  fetch_shallow "+refs/heads/$1:refs/remotes/origin/$1" || fail "$?" "$message"
}

# By id; everything from a server that gives no single commits, or for a shortened id.
fetch_commit() {
  if [ "${#commit}" -ge 40 ] && fetch_shallow "$commit"; then
    return
  fi
  must fetch_refs --depth 2147483647 -- "$url" '+refs/heads/*:refs/remotes/origin/*' '+refs/tags/*:refs/tags/*'
  git rev-parse -q --verify "$commit^{commit}" >/dev/null || fail 64 "commit $commit is not in $url"
}

fetch_wanted() {
  if [ -n "$commit" ]; then
    fetch_commit
    start=$(git rev-parse -q --verify "$commit^{commit}")
  else
    [ -n "$branch" ] || find_default_branch
    if [ -n "$commit" ]; then
      fetch_commit
      start=$commit
    elif [ -n "$branch" ]; then
      fetch_branch "$branch"
      start=refs/remotes/origin/$branch
    else
      start=
    fi
  fi
  if [ -n "$source_branch" ]; then
    fetch_branch "$source_branch"
  fi
}

check_out() {
  if [ -z "$start" ]; then
    [ -z "$worktree_branch" ] || fail 64 "$url has no commits, so no worktree can be made from it"
    say "$url has no commits yet"
    return 0
  fi
  if [ -n "$worktree_branch" ]; then
    check_out_worktree
  elif [ -n "$branch" ]; then
    quiet_git checkout -q -f --no-track -B "$branch" "$start" -- &&
      git config "branch.$branch.remote" origin &&
      git config "branch.$branch.merge" "refs/heads/$branch"
  else
    quiet_git checkout -q -f --detach "$start" --
  fi && quiet_git clean -ffdxq
}

# The checkout itself is detached, so that the worktree can have any branch.
check_out_worktree() {
  quiet_git checkout -q -f --detach "$start" -- || return 1
  rm -rf "$worktree"
  if [ -n "$source_branch" ]; then
    start=refs/remotes/origin/$source_branch
  fi
  quiet_git worktree add -q -f --no-track -B "$worktree_branch" -- "$worktree" "$start"
}

# Moves earlier remains out of the way and does the same again from nothing.
start_over() {
  say "the earlier checkout is unusable and is made anew"
  find . -mindepth 1 -maxdepth 1 -exec rm -rf {} +
  open_repository && fetch_wanted && check_out
}

hand_over_scripts
make_private
require_writable "$WORKSPACE_DIR" "$WORKTREES_DIR" "$RUN_DIR" "$RECORD_DIR"
mkdir -p "$HOME"
printf '[safe]\n\tdirectory = *\n[init]\n\tdefaultBranch = main\n' >"$HOME/.gitconfig"
prepare_remote
cd "$WORKSPACE_DIR" || fail 65 "cannot enter $WORKSPACE_DIR"
if [ -s "$base_file" ]; then
  say "the checkout has been made already: what is in it is kept as it is"
  # No other git works here: a lock is one that was killed.
  rm -f .git/index.lock .git/worktrees/*/index.lock
  exit 0
fi
{ open_repository && fetch_wanted && check_out; } || start_over || fail 1 "git cannot make the checkout; its messages are in the log"
work=$WORKSPACE_DIR
[ -z "$worktree_branch" ] || work=$worktree
if [ -n "${AGENT_REPOSITORY_SUBMODULES:-}" ] && [ -f "$work/.gitmodules" ]; then
  attempt update_submodules "$work" --depth 1 || must update_submodules "$work"
fi
if [ -n "$start" ]; then
  say "$url: $(git -C "$work" log -1 --format='%h %s' 2>/dev/null | head -c 200)"
fi
git -C "$work" for-each-ref --format='%(objectname) %(refname)' refs/heads >"$private/heads"
gitdir=$(git -C "$work" rev-parse --absolute-git-dir)
record_start "$(git -C "$work" rev-parse -q --verify HEAD)" "$gitdir" "$gitdir/index"
