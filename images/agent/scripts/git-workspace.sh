#!/bin/sh
# shellcheck disable=SC2034,SC2154,SC2317 # Variables and callers are in the files that it reads.
# Makes the checkout that the runs of a workspace share: every branch, with its whole history, so that
# nothing has to be fetched if there are no credentials. With credentials there are two containers:
# AGENT_GIT_STEP=fetch has them and fetches into the store, AGENT_GIT_STEP=checkout has the checkout.
# Needs common.sh, git-credentials.sh, git-remote.sh, git-source.sh, git-store.sh, git-checkout.sh
# and git-submodules.sh.
scripts=${0%/*}
. "$scripts/settings.sh"
. "$scripts/common.sh"
. "$scripts/git-credentials.sh"
. "$scripts/git-remote.sh"
. "$scripts/git-source.sh"
. "$scripts/git-store.sh"
. "$scripts/git-checkout.sh"
. "$scripts/git-submodules.sh"
LC_ALL=C
export LC_ALL
url=$AGENT_REPOSITORY_URL
branch=${AGENT_REPOSITORY_BRANCH:-}
commit=
start=
lfs=
# Where no agent mounts it. Once it is there, agents have worked in the checkout, and what they did is theirs.
made_file=$RUN_DIR/made

check_out() {
  if [ -n "$branch" ] && [ -n "$start" ]; then
    checked check_out_branch "$branch" "$start"
  elif [ -n "$start" ]; then
    checked check_out_detached "$start"
  fi
}

leave_in_store() {
  require_writable "$STORE_DIR"
  open_store || fail 1 "git cannot work in $STORE_DIR; its messages are in the log"
  clean_store
  prepare_remote
  fetch_everything
  fetch_lfs "$store" "$start"
  if [ -n "${AGENT_REPOSITORY_SUBMODULES:-}" ] && [ -n "$start" ]; then
    fetch_modules "$store" "$start" "$url" .
  fi
  leave start branch modules lfs
}

make_checkout() {
  require_writable "$WORKSPACE_DIR" "$WORKTREES_DIR" "$RUN_DIR"
  if [ -e "$made_file" ]; then
    say "the checkout was made before: it is kept as it is"
    exit 0
  fi
  checked empty_checkout
  if [ "${AGENT_GIT_STEP:-}" = checkout ]; then
    take start branch modules lfs
    checked adopt_store
  else
    prepare_remote
    fetch_everything
    fetch_lfs "$WORKSPACE_DIR/.git" "$start"
  fi
  checked set_lfs_filter
  check_out
  if [ "${AGENT_GIT_STEP:-}" = checkout ]; then
    check_out_modules .
  elif [ -n "${AGENT_REPOSITORY_SUBMODULES:-}" ] && [ -f .gitmodules ]; then
    must update_submodules .
  fi
  : >"$made_file"
}

make_private
mkdir -p "$HOME"
printf '[safe]\n\tdirectory = *\n[init]\n\tdefaultBranch = main\n' >"$HOME/.gitconfig"
if [ "${AGENT_GIT_STEP:-}" = fetch ]; then
  leave_in_store
else
  make_checkout
fi
say_start "$start"
