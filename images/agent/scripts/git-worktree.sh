#!/bin/sh
# shellcheck disable=SC2034,SC2154,SC2317 # Variables and callers are in the files that it reads.
# Adds the worktree of a run to the checkout of a workspace, or takes up the one that is there. Can run
# again on whatever an earlier attempt left. Needs common.sh, git-credentials.sh, git-remote.sh,
# git-view.sh and git-record.sh.
# Exit code 67: the branch is in the hands of another run.
scripts=${0%/*}
. "$scripts/common.sh"
. "$scripts/git-credentials.sh"
. "$scripts/git-remote.sh"
. "$scripts/git-view.sh"
. "$scripts/git-record.sh"
LC_ALL=C
export LC_ALL
url=$AGENT_REPOSITORY_URL
wanted=$AGENT_WORKTREE_BRANCH
source_branch=${AGENT_WORKTREE_SOURCE:-${AGENT_REPOSITORY_BRANCH:-}}
# Time for the remote to answer where the workspace can do without.
PATIENCE_SECONDS=60

# private_git ARGUMENT...: a repository with no refs and no configuration of anyone else's, on the shared objects.
private_git() {
  GIT_DIR=$private/own.git GIT_OBJECT_DIRECTORY=$shared/objects git "$@"
}

fetch_source() {
  GIT_DIR=$private/own.git
  GIT_OBJECT_DIRECTORY=$shared/objects
  export GIT_DIR GIT_OBJECT_DIRECTORY
  exec_remote_git fetch -q --no-tags --force -- "$url" "+refs/heads/$source_branch:refs/heads/fetched"
}

list_branches() {
  exec_remote_git ls-remote --heads -- "$url"
}

# Reads names, one a line; writes the five that are most like $1, nearest first.
nearest() {
  awk -v wanted="$1" '
    function distance(a, b, i, j, above, left, best) {
      for (j = 0; j <= length(b); j++) row[j] = j
      for (i = 1; i <= length(a); i++) {
        above = row[0]
        row[0] = i
        for (j = 1; j <= length(b); j++) {
          best = above + (substr(a, i, 1) != substr(b, j, 1))
          if (row[j] + 1 < best) best = row[j] + 1
          if (row[j - 1] + 1 < best) best = row[j - 1] + 1
          above = row[j]
          row[j] = best
        }
      }
      return row[length(b)]
    }
    NR <= 5000 && length($0) > 0 {
      far = distance(tolower(wanted), tolower($0))
      if (index(tolower($0), tolower(wanted)) || index(tolower(wanted), tolower($0))) far = far / 4
      printf "%d %s\n", far * 4, $0
    }' | sort -k 1,1n -k 2 | head -n 5 | cut -d ' ' -f 2- | tr '\n' ' ' | sed 's/ $//'
}

# Ends the script: there is no branch to start from.
no_source() {
  if attempt list_branches >"$private/heads"; then
    sed 's,^[^[:space:]]*[[:space:]]*refs/heads/,,' "$private/heads" >"$private/names"
  else
    view for-each-ref --format='%(refname:lstrip=3)' refs/remotes/origin | grep -v -x HEAD >"$private/names"
  fi
  view for-each-ref --format='%(refname:lstrip=2)' refs/heads >>"$private/names"
  fail 64 "$1; the nearest names are: $(sort -u "$private/names" | nearest "$source_branch")"
}

# start: the newest commit of the source branch that is to be had; fetched: whether the remote gave it.
find_start() {
  if [ -z "$source_branch" ]; then
    source_branch=$(view symbolic-ref -q --short refs/remotes/origin/HEAD)
    source_branch=${source_branch#origin/}
  fi
  [ -n "$source_branch" ] || fail 64 "the workspace's repository names no default branch: set spec.worktree.sourceBranch"
  known=$(commit_of "refs/remotes/origin/$source_branch")
  if [ -n "$known" ]; then
    private_git update-ref refs/heads/known "$known"
    pauses='1 0'
    ! command -v timeout >/dev/null || limit=$PATIENCE_SECONDS
  fi
  attempt fetch_source
  result=$?
  pauses=
  limit=
  if [ "$result" = 0 ]; then
    start=$(private_git rev-parse -q --verify refs/heads/fetched)
    fetched=true
    return
  fi
  # A branch that another run has made is a source as well.
  start=$(commit_of "refs/heads/$source_branch")
  if grep -q "couldn't find remote ref" "$private/error"; then
    [ -n "$start" ] || no_source "branch $source_branch is not in $url, nor has a run of the workspace made it"
    say "$source_branch is not in $url: the branch of that name in the workspace is taken"
    return
  fi
  start=${known:-$start}
  [ -n "$start" ] || no_source "branch $source_branch is not in the workspace, and $url could not be asked: $message"
  fetched=false
  say "$message"
  say "the remote could not be asked: $source_branch is taken as the workspace has it"
}

# Leaves to the operator whether the remote has given its newest commit.
report_fetch() {
  case ${fetched:-} in
    true) printf '{"type":"agent-operator","fetched":true}\n' ;;
    false)
      printf '{"type":"agent-operator","fetched":false,"message":"%s"}\n' \
        "$(printf '%s' "$message" | tr '\n' ' ' | head -c 1500 | json_text)"
      ;;
  esac >"$AGENT_TERMINATION_LOG"
}

# on_branch ADMIN: whether that worktree is on the wanted branch, or rebases it.
on_branch() {
  cat "$1/HEAD" "$1/rebase-merge/head-name" "$1/rebase-apply/head-name" 2>/dev/null |
    sed 's/^ref: //' | grep -q -F -x -e "refs/heads/$wanted"
}

# The branch from the hands of a run that has ended: its files and its commit stay as they are.
take_branch() {
  if on_branch "$shared"; then
    fail 67 "branch $wanted is checked out in $WORKSPACE_DIR itself: choose another worktree.branch"
  fi
  for other in "$shared"/worktrees/*; do
    if [ "$other" = "$admin" ] || ! on_branch "$other"; then continue; fi
    place=$(head -n 1 "$other/gitdir" 2>/dev/null)
    if [ -z "$place" ] || [ ! -e "$place" ]; then continue; fi
    place=${place%/.git}
    case " ${AGENT_WORKTREE_RELEASED:-} " in
      *" ${place##*/} "*) ;;
      *) fail 67 "branch $wanted is checked out by run ${place##*/}, in $place: choose another worktree.branch, or create this run again when that one has ended" ;;
    esac
    commit_of "refs/heads/$wanted" >"$other/HEAD.lock" && mv "$other/HEAD.lock" "$other/HEAD"
    say "run ${place##*/} has ended: branch $wanted is taken over, its worktree stays on the same commit"
  done
}

# The link in the worktree is written last: where it stands, everything before it does.
add_worktree() {
  if [ -e "$worktree/.git" ]; then
    held=$(branch_in "$admin")
    [ "$held" = "$wanted" ] || fail 64 "$worktree holds ${held:-no branch} of an earlier run with this name: choose another name for the run, or the same worktree.branch"
    return
  fi
  take_branch
  if [ -z "$(commit_of "refs/heads/$wanted")" ]; then
    view update-ref "refs/heads/$wanted" "$start" '' 2>"$private/error" || fail 64 "$(cat "$private/error")"
  fi
  if [ -e "$worktree" ] && ! rmdir "$worktree"; then
    fail 64 "$worktree holds files that belong to no worktree: move them away, or choose another name for the run"
  fi
  rm -rf "$admin"
  mkdir -p "$admin" "$worktree"
  : >"$admin/agent-operator-filling"
  printf '../..\n' >"$admin/commondir"
  printf '%s\n' "$worktree/.git" >"$admin/gitdir"
  printf 'ref: refs/heads/%s\n' "$wanted" >"$admin/HEAD"
  printf 'gitdir: %s\n' "$admin" >"$private/link"
  cp "$private/link" "$admin/agent-operator-link" && mv "$admin/agent-operator-link" "$worktree/.git"
}

# Files are written by a git that reads no filter and no attribute of the shared configuration.
fill_worktree() {
  # No other git works here: a lock is one that was killed.
  rm -f "$admin/index.lock"
  [ -e "$admin/agent-operator-filling" ] || return 0
  (
    GIT_WORK_TREE=$worktree
    GIT_INDEX_FILE=$admin/index
    export GIT_WORK_TREE GIT_INDEX_FILE
    cd "$worktree" && private_git -c core.bare=false read-tree --reset -u "$(commit_of "refs/heads/$wanted")"
  ) || fail 1 "git cannot fill the worktree; its messages are in the log"
  rm -f "$admin/agent-operator-filling"
  filled=$admin/index
}

hand_over_scripts
make_private
require_writable "$WORKSPACE_DIR" "$WORKTREES_DIR" "$RUN_DIR" "$RECORD_DIR"
mkdir -p "$HOME"
printf '[safe]\n\tdirectory = *\n' >"$HOME/.gitconfig"
prepare_remote
open_view
git init -q --bare --template= "$private/own.git"
# Before the lock: a remote that takes its time holds up no other run.
[ -n "$(commit_of "refs/heads/$wanted")" ] || find_start
lock
[ "${fetched:-}" != true ] || view update-ref "refs/remotes/origin/$source_branch" "$start"
add_worktree
unlock
fill_worktree
if [ ! -s "$base_file" ]; then
  view for-each-ref --format='%(objectname) %(refname)' refs/heads >"$private/heads"
  record_start "$(commit_of "refs/heads/$wanted")" "$admin" "${filled:-}"
fi
report_fetch
say "$worktree is on branch $wanted: $(view log -1 --format='%h %s' "refs/heads/$wanted" | head -c 200)"
