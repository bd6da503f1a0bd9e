# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # Variables and callers are in the scripts that read it.
# How the repository of a workspace is read and written where agents may have put anything into it: git
# never runs in it. A private repository with no configuration of anyone else's looks at its refs and
# objects, and the few files of a worktree are read and written here, as gitrepository-layout(5) has
# them. Needs common.sh.
shared=$WORKSPACE_DIR/.git
worktree=$WORKTREES_DIR/$AGENT_RUN
# Where the repository keeps what belongs to this run's worktree: a name that only the operator gives, so that
# nothing which an agent has written decides what is filled or removed.
admin=$shared/worktrees/agent-operator.$AGENT_RUN

require_checkout() {
  if [ -L "$shared" ] || [ ! -d "$shared/refs" ]; then
    fail 64 "the workspace has no checkout in $WORKSPACE_DIR"
  fi
}

open_view() {
  require_checkout
  view_dir=$private/view.git
  git init -q --bare --template= "$view_dir" || fail 1 "git cannot work in $private; its messages are in the log"
  rm -rf "$view_dir/refs"
  ln -s "$shared/refs" "$shared/packed-refs" "$view_dir"
  if [ -d "$store/objects" ]; then
    GIT_ALTERNATE_OBJECT_DIRECTORIES=$store/objects
    export GIT_ALTERNATE_OBJECT_DIRECTORIES
  fi
  odd=$(find "$shared/refs" "$shared/packed-refs" "$shared/objects" "$shared/worktrees" -maxdepth 0 -type l -print 2>/dev/null)
  [ -n "$odd" ] || odd=$(find "$shared/refs" "$shared/packed-refs" "$shared/worktrees" ! -type d ! -type f -print 2>/dev/null | head -n 1)
  [ -z "$odd" ] || fail 64 "$odd is no regular file: an agent has spoilt the repository that the runs of the workspace share"
}

# view ARGUMENT...: git on the refs and objects of the workspace.
view() {
  GIT_DIR=$view_dir GIT_OBJECT_DIRECTORY=$shared/objects \
    git -c core.filesRefLockTimeout=10000 -c core.hooksPath=/dev/null "$@"
}

# commit_of REVISION: its id; nothing if there is none.
commit_of() {
  view rev-parse -q --verify "$1^{commit}" 2>/dev/null || :
}

# One script at a time from here on, until `unlock` or the end. No agent mounts where the file is.
lock() {
  exec 9>>"$LOCKS_DIR/worktrees"
  if command -v flock >/dev/null; then
    flock 9 || say "the volume has no locks: runs that start at the same time may disturb each other"
  fi
}

unlock() {
  exec 9>&-
}

# branch_in ADMIN: the branch that a worktree is on; nothing on a detached HEAD.
branch_in() {
  sed -n '1s,^ref: refs/heads/,,p' "$1/HEAD" 2>/dev/null
}
