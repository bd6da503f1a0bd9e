#!/bin/sh
# shellcheck disable=SC2034,SC2154,SC2317 # Variables and callers are in the files that it reads.
# Adds the worktree of a run to the checkout of a workspace, or takes up the one that is there. Can run
# again on whatever an earlier attempt left. With credentials there are two containers:
# AGENT_GIT_STEP=fetch has them and asks the remote, AGENT_GIT_STEP=checkout has the checkout. Needs
# common.sh, git-credentials.sh, git-remote.sh, git-source.sh, git-ask.sh, git-store.sh, git-view.sh
# and git-record.sh.
# Exit code 67: the branch is in the hands of another run.
scripts=${0%/*}
. "$scripts/settings.sh"
. "$scripts/common.sh"
. "$scripts/git-credentials.sh"
. "$scripts/git-remote.sh"
. "$scripts/git-source.sh"
. "$scripts/git-store.sh"
. "$scripts/git-ask.sh"
. "$scripts/git-view.sh"
. "$scripts/git-record.sh"
LC_ALL=C
export LC_ALL
url=$AGENT_REPOSITORY_URL
wanted=$AGENT_WORKTREE_BRANCH
source_branch=${AGENT_WORKTREE_SOURCE:-${AGENT_REPOSITORY_BRANCH:-}}
# Time for the remote to answer if the workspace can do without.
PATIENCE_SECONDS=60
answer=
start=
known=
default_branch=
message=

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
  if [ ! -s "$private/heads" ]; then
    view for-each-ref --format='%(refname:lstrip=3)' refs/remotes/origin | grep -v -x HEAD >"$private/heads"
  fi
  view for-each-ref --format='%(refname:lstrip=2)' refs/heads >>"$private/heads"
  fail 64 "$1; the nearest names are: $(sort -u "$private/heads" | nearest "$source_branch")"
}

# start: the newest commit of the source branch that is to be had.
choose_start() {
  # A branch that another run has made is a source as well.
  own=$(commit_of "refs/heads/$source_branch")
  case $answer in
    given) ;;
    missing)
      start=$own
      [ -n "$start" ] || no_source "branch $source_branch is not in $url, nor has a run of the workspace made it"
      message="$source_branch is not in $url: the branch of that name in the workspace is taken"
      say "$message"
      ;;
    *)
      start=${known:-$own}
      [ -n "$start" ] || no_source "branch $source_branch is not in the workspace, and $url could not be asked: $message"
      say "$message"
      say "the remote could not be asked: $source_branch is taken as the workspace has it"
      message="the remote could not be asked: $message"
      ;;
  esac
}

# Leaves to the operator whether the remote has given its newest commit. A branch that a run has made was
# never there; one that is gone is worth a warning.
report_fetch() {
  if [ "$answer" = missing ] && [ -z "$known" ] && [ -n "${AGENT_WORKTREE_SOURCE:-}" ]; then
    answer=
  fi
  case $answer in
    given) printf '{"type":"agent-operator","fetched":true}\n' ;;
    missing | silent)
      printf '{"type":"agent-operator","fetched":false,"message":"%s"}\n' \
        "$(json_text 1500 "$(printf '%s' "$message" | tr '\n' ' ')")"
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

# Files are written by a git that reads no filter and no attribute of the shared configuration; that of Git LFS is ours, because
# git-lfs, which the system's configuration may name, would ask the remote.
fill_worktree() {
  # No other git works here: a lock is one that was killed.
  rm -f "$admin/index.lock"
  [ -e "$admin/agent-operator-filling" ] || return 0
  (
    GIT_WORK_TREE=$worktree
    GIT_INDEX_FILE=$admin/index
    export GIT_WORK_TREE GIT_INDEX_FILE
    GIT_CONFIG_NOSYSTEM=1
    export GIT_CONFIG_NOSYSTEM
    cd "$worktree" && private_git -c core.bare=false -c "filter.lfs.smudge=$(lfs_filter)" read-tree --reset -u "$(commit_of "refs/heads/$wanted")"
  ) || fail 1 "git cannot fill the worktree; its messages are in the log"
  rm -f "$admin/agent-operator-filling"
  filled=$admin/index
}

# The alternates of the shared repository are for agents; the containers of the operator name the store themselves.
share_store() {
  [ -d "$store/objects" ] || return 0
  if [ -f "$shared/objects/info/alternates" ] && [ ! -L "$shared/objects/info/alternates" ] &&
    grep -q -F -x -e "$store/objects" "$shared/objects/info/alternates"; then
    return
  fi
  rm -rf "$shared/objects/info"
  mkdir -p "$shared/objects/info"
  printf '%s\n' "$store/objects" >"$shared/objects/info/alternates"
}

# note_newest GIT: what the remote gave, for a time when it does not answer.
note_newest() {
  [ "$answer" = given ] || return 0
  "$1" update-ref "refs/remotes/origin/$source_branch" "$start"
  [ -z "$default_branch" ] || "$1" symbolic-ref refs/remotes/origin/HEAD "refs/remotes/origin/$default_branch"
}

make_worktree() {
  hand_over_scripts
  require_writable "$WORKSPACE_DIR" "$WORKTREES_DIR" "$RUN_DIR" "$RECORD_DIR"
  open_view
  objects=$shared/objects
  # Before the lock: a remote that takes its time holds up no other run.
  if [ -z "$(commit_of "refs/heads/$wanted")" ]; then
    if [ "${AGENT_GIT_STEP:-}" = checkout ]; then
      take answer start known source_branch default_branch message
      [ ! -s "$found/heads" ] || cp "$found/heads" "$private/heads"
    else
      prepare_remote
      ask_remote "$objects" view
      (
        GIT_OBJECT_DIRECTORY=$objects
        export GIT_OBJECT_DIRECTORY
        fetch_lfs "$private/own.git" "$start"
      )
    fi
    choose_start
  fi
  lock
  share_store
  note_newest view
  add_worktree
  unlock
  fill_worktree
  if [ ! -s "$base_file" ]; then
    view for-each-ref --format='%(objectname) %(refname)' refs/heads >"$private/heads"
    [ "$answer" = given ] || start=
    record_start "$(commit_of "refs/heads/$wanted")" "$admin" "$start" "${filled:-}"
  fi
  report_fetch
  say "$worktree is on branch $wanted: $(view log -1 --format='%h %s' "refs/heads/$wanted" | head -c 200)"
}

leave_in_store() {
  require_writable "$STORE_DIR"
  if [ -d "$found" ]; then
    say "the remote was asked already"
    exit 0
  fi
  find "$STORE_DIR/found" -mindepth 1 -maxdepth 1 -mtime +7 -exec rm -rf {} + 2>/dev/null
  open_store || fail 1 "git cannot work in $STORE_DIR; its messages are in the log"
  unset GIT_DIR
  prepare_remote
  ask_remote "$store/objects" in_store
  note_newest in_store
  fetch_lfs "$store" "$start"
  leave answer start known source_branch default_branch message
  [ ! -s "$private/heads" ] || cp "$private/heads" "$found/heads"
  say "$url: $source_branch: ${start:-$message}"
}

make_private
mkdir -p "$HOME"
printf '[safe]\n\tdirectory = *\n' >"$HOME/.gitconfig"
git init -q --bare --template= "$private/own.git" || fail 1 "git cannot work in $private; its messages are in the log"
if [ "${AGENT_GIT_STEP:-}" = fetch ]; then
  leave_in_store
else
  make_worktree
fi
