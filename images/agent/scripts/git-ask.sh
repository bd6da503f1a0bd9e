# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # Variables and callers are in the scripts that read it.
# Asks the remote for the newest commit of the branch that a worktree starts from. A private repository
# with no refs and no configuration of anyone else's takes the objects to those that are shared. Needs
# common.sh, git-credentials.sh, git-remote.sh and git-source.sh.

# private_git ARGUMENT...
private_git() {
  GIT_DIR=$private/own.git GIT_OBJECT_DIRECTORY=$objects git "$@"
}

fetch_source() {
  GIT_DIR=$private/own.git
  GIT_OBJECT_DIRECTORY=$objects
  export GIT_DIR GIT_OBJECT_DIRECTORY
  fetch_refs -- "$url" "+refs/heads/$source_branch:refs/heads/fetched"
}

# with_patience COMMAND...: as attempt, but not for long.
with_patience() {
  pauses='1 0'
  ! command -v timeout >/dev/null || limit=$PATIENCE_SECONDS
  attempt "$@"
  result=$?
  pauses=
  limit=
  return "$result"
}

# source_branch: the remote's default branch as it is now, else as GIT, a command, last knew it, and an error.
ask_default_branch() {
  source_branch=$("$1" symbolic-ref -q --short refs/remotes/origin/HEAD)
  source_branch=${source_branch#origin/}
  with_patience list_head >"$private/head" || return
  default_branch=$(sed -n 's,^ref: refs/heads/\(.*\)[[:space:]]HEAD$,\1,p' "$private/head")
  source_branch=${default_branch:-$source_branch}
  [ -n "$source_branch" ] || fail 64 "the workspace's repository names no default branch: set spec.worktree.sourceBranch"
}

# ask_remote OBJECTS GIT: answer is given, missing (heads: what there is) or silent (message: why); start: the
# commit that the remote gave; known: the one that GIT, a command, has of an earlier time.
ask_remote() {
  objects=$1
  answer=silent
  if [ -n "$source_branch" ] || ask_default_branch "$2"; then
    known=$("$2" rev-parse -q --verify "refs/remotes/origin/$source_branch^{commit}" 2>/dev/null)
    fetch_newest
    return
  fi
  [ -n "$source_branch" ] || fail 1 "$message"
  known=$("$2" rev-parse -q --verify "refs/remotes/origin/$source_branch^{commit}" 2>/dev/null)
}

fetch_newest() {
  if [ -n "$known" ]; then
    private_git update-ref refs/heads/known "$known"
    with_patience fetch_source
  else
    attempt fetch_source
  fi
  result=$?
  if [ "$result" = 0 ]; then
    answer=given
    start=$(private_git rev-parse -q --verify refs/heads/fetched)
  elif grep -q "couldn't find remote ref" "$private/error"; then
    answer=missing
    attempt list_heads >"$private/heads" || : >"$private/heads"
    sed -i 's,^[^[:space:]]*[[:space:]]*refs/heads/,,' "$private/heads"
  fi
}
