#!/bin/sh
# shellcheck disable=SC2034,SC2154,SC2317 # Variables and callers are in the files that it reads.
# Makes the checkout that the runs of a workspace share: every branch, with its whole history, so that
# nothing has to be fetched where there are no credentials. Can run again on whatever an earlier attempt
# left. Needs common.sh, git-credentials.sh, git-remote.sh and git-checkout.sh.
scripts=${0%/*}
. "$scripts/common.sh"
. "$scripts/git-credentials.sh"
. "$scripts/git-remote.sh"
. "$scripts/git-checkout.sh"
LC_ALL=C
export LC_ALL
url=$AGENT_REPOSITORY_URL
branch=
commit=
wanted=${AGENT_REPOSITORY_BRANCH:-}

fetch_everything() {
  must fetch_refs --prune -- "$url" '+refs/heads/*:refs/remotes/origin/*' '+refs/tags/*:refs/tags/*'
}

# Runs start from the remote's default branch unless they or the workspace name another.
note_default_branch() {
  find_default_branch
  [ -z "$branch" ] || git symbolic-ref refs/remotes/origin/HEAD "refs/remotes/origin/$branch"
  wanted=${wanted:-$branch}
}

require_wanted() {
  git rev-parse -q --verify "refs/remotes/origin/$wanted^{commit}" >/dev/null && return
  fail 64 "branch $wanted is not in $url; there are: $(git for-each-ref --format='%(refname:lstrip=3)' refs/remotes/origin | grep -v '^HEAD$' | head -n 30 | tr '\n' ' ')"
}

check_out() {
  if [ -z "$wanted" ]; then
    [ -z "$commit" ] || quiet_git checkout -q -f --detach "$commit" --
    return
  fi
  quiet_git checkout -q -f --no-track -B "$wanted" "refs/remotes/origin/$wanted" -- &&
    git config "branch.$wanted.remote" origin &&
    git config "branch.$wanted.merge" "refs/heads/$wanted" &&
    quiet_git clean -ffdxq
}

make_checkout() {
  open_repository && fetch_everything && note_default_branch || return 1
  [ -z "$wanted" ] || require_wanted
  check_out
}

make_private
require_writable "$WORKSPACE_DIR" "$WORKTREES_DIR" "$RUN_DIR"
mkdir -p "$HOME"
printf '[safe]\n\tdirectory = *\n[init]\n\tdefaultBranch = main\n' >"$HOME/.gitconfig"
prepare_remote
cd "$WORKSPACE_DIR" || fail 65 "cannot enter $WORKSPACE_DIR"
make_checkout || {
  say "the earlier checkout is unusable and is made anew"
  find . -mindepth 1 -maxdepth 1 -exec rm -rf {} +
  make_checkout
} || fail 1 "git cannot make the checkout; its messages are in the log"
if [ -n "${AGENT_REPOSITORY_SUBMODULES:-}" ] && [ -f .gitmodules ]; then
  must update_submodules .
fi
say "$url: $(git log -1 --format='%h %s' 2>/dev/null | head -c 200)"
