# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # Variables and callers are in the scripts that read it.
# What the scripts that make a checkout share. Needs common.sh, git-credentials.sh and git-remote.sh.

quiet_git() {
  git -c core.hooksPath=/dev/null -c core.fsmonitor=false -c advice.detachedHead=false "$@"
}

# No file that configures git survives from an earlier attempt, nor a lock of one that was killed.
open_repository() {
  if [ -L .git ] || [ ! -d .git ]; then
    rm -rf .git
  else
    rm -rf .git/config .git/config.worktree .git/hooks .git/info .git/modules .git/worktrees .git/objects/info
    find .git -name '*.lock' -exec rm -f {} +
    find .git/objects -name 'tmp_*' -exec rm -f {} + 2>/dev/null
  fi
  git init -q --template= -b main . || return 1
  git config remote.origin.url "$url" &&
    git config remote.origin.fetch '+refs/heads/*:refs/remotes/origin/*'
}

fetch_refs() {
  exec_remote_git fetch -q --no-tags --force "$@"
}

# The branch that the remote's HEAD names; empty for a repository without commits.
find_default_branch() {
  must list_head >"$private/head"
  branch=$(sed -n 's,^ref: refs/heads/\(.*\)[[:space:]]HEAD$,\1,p' "$private/head")
  if [ -z "$branch" ] && [ -s "$private/head" ]; then
    commit=$(sed -n 's,^\([0-9a-f]*\)[[:space:]]HEAD$,\1,p' "$private/head")
  fi
}

list_head() {
  exec_remote_git ls-remote --symref -- "$url" HEAD
}

update_submodules() {
  directory=$1
  shift
  exec_remote_git -C "$directory" submodule --quiet update --init --recursive "$@"
}
