# shellcheck shell=sh disable=SC2154,SC2317 # Variables and callers are in the files it is joined with.
# Adds the worktree of a run to the checkout of a workspace, or takes up the one that is there. Agents
# may have written anything into the shared .git: nothing that it configures is run here. Needs
# common.sh and git-remote.sh.
LC_ALL=C
export LC_ALL
url=$AGENT_REPOSITORY_URL
wanted=$AGENT_WORKTREE_BRANCH
source_branch=${AGENT_WORKTREE_SOURCE:-${AGENT_REPOSITORY_BRANCH:-}}
shared=$WORKSPACE_DIR/.git
worktree=$WORKTREES_DIR/$AGENT_RUN

# Reads and writes refs and worktrees of the shared repository; no files are checked out with it.
shared_git() {
  git -C "$WORKSPACE_DIR" -c core.hooksPath=/dev/null -c core.fsmonitor=false -c core.worktree= "$@"
}

# private_git ARGUMENT...: a repository with no configuration of anyone else's, on the shared objects.
private_git() {
  GIT_DIR=$private/own.git GIT_OBJECT_DIRECTORY=$shared/objects git "$@"
}

fetch_source() {
  GIT_DIR=$private/own.git
  GIT_OBJECT_DIRECTORY=$shared/objects
  export GIT_DIR GIT_OBJECT_DIRECTORY
  exec_remote_git fetch -q --no-tags --force -- "$url" "+refs/heads/$source_branch:refs/heads/fetched"
}

# start: the newest commit of the source branch that is to be had.
find_start() {
  if [ -z "$source_branch" ]; then
    source_branch=$(shared_git symbolic-ref -q --short refs/remotes/origin/HEAD)
    source_branch=${source_branch#origin/}
  fi
  [ -n "$source_branch" ] || fail 64 "the workspace's repository names no default branch: set spec.worktree.sourceBranch"
  known=$(shared_git rev-parse -q --verify "refs/remotes/origin/$source_branch^{commit}" || :)
  [ -z "$known" ] || private_git update-ref refs/heads/known "$known"
  if attempt fetch_source; then
    start=$(private_git rev-parse -q --verify refs/heads/fetched)
    shared_git update-ref "refs/remotes/origin/$source_branch" "$start"
    return
  fi
  start=$known
  [ -n "$start" ] || fail 64 "$message
branches of the workspace: $(shared_git for-each-ref --format='%(refname:lstrip=3)' refs/remotes/origin | head -n 30 | tr '\n' ' ')"
  say "$message"
  say "the remote could not be asked: $source_branch is taken as the workspace has it"
}

# holder: the directory whose worktree has the wanted branch; held: the branch of this run's directory.
find_holders() {
  shared_git worktree list --porcelain >"$private/worktrees" || fail 1 "the workspace's checkout cannot be read"
  holder=$(sed -n 's/^worktree //p; s,^branch refs/heads/,branch ,p' "$private/worktrees" |
    awk -v wanted="branch $wanted" '/^branch /{ if ($0 == wanted) print path; next } { path = $0 }' | head -n 1)
  held=$(sed -n 's,^ref: refs/heads/,,p' "$(admin_directory)/HEAD" 2>/dev/null)
}

admin_directory() {
  named=$(sed -n 's/^gitdir: //p' "$worktree/.git" 2>/dev/null | head -n 1)
  case $named in
    "$shared"/worktrees/*) printf '%s' "$named" ;;
    *) printf '%s' "$shared/worktrees/$AGENT_RUN" ;;
  esac
}

add_worktree() {
  if [ -n "$holder" ] && [ "$holder" != "$worktree" ] && [ -d "$holder" ]; then
    fail 64 "branch $wanted is checked out by ${holder##*/}, in $holder: choose another worktree.branch or wait for that run"
  fi
  if [ -e "$worktree/.git" ]; then
    [ "$held" = "$wanted" ] || fail 64 "$worktree holds branch ${held:-(none)} of an earlier run: choose another name for the run"
    return
  fi
  shared_git worktree prune
  rm -rf "$worktree"
  if shared_git rev-parse -q --verify "refs/heads/$wanted" >/dev/null; then
    shared_git worktree add -q -f --no-checkout -- "$worktree" "$wanted"
  else
    find_start
    shared_git worktree add -q -f --no-checkout --no-track -b "$wanted" -- "$worktree" "$start"
  fi || fail 1 "git cannot add the worktree; its messages are in the log"
}

# Files are written by a git that reads no filter and no attribute of the shared configuration.
fill_worktree() {
  [ ! -s "$base_file" ] || return 0
  [ ! -s "$(admin_directory)/index" ] || [ -e "$worktree/.agent-operator-filling" ] || return 0
  : >"$worktree/.agent-operator-filling"
  rm -f "$(admin_directory)/index.lock"
  (
    GIT_WORK_TREE=$worktree
    GIT_INDEX_FILE=$(admin_directory)/index
    export GIT_WORK_TREE GIT_INDEX_FILE
    cd "$worktree" &&
      private_git -c core.bare=false read-tree --reset -u "$(shared_git rev-parse "refs/heads/$wanted^{commit}")"
  ) || fail 1 "git cannot fill the worktree; its messages are in the log"
  rm -f "$worktree/.agent-operator-filling"
}

make_private
require_writable "$WORKSPACE_DIR" "$WORKTREES_DIR" "$RUN_DIR"
mkdir -p "$HOME"
printf '[safe]\n\tdirectory = *\n' >"$HOME/.gitconfig"
prepare_remote
if [ -L "$shared" ] || [ ! -d "$shared" ]; then
  fail 64 "the workspace has no checkout in $WORKSPACE_DIR"
fi
git init -q --bare --template= "$private/own.git"
exec 9>>"$WORKTREES_DIR/.lock"
! command -v flock >/dev/null || flock 9
find_holders
add_worktree
fill_worktree
say "$worktree is on branch $wanted: $(shared_git log -1 --format='%h %s' "refs/heads/$wanted" | head -c 200)"
