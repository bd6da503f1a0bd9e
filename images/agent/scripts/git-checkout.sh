# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # Variables and callers are in the scripts that read it.
# How a checkout is made from what was fetched. Needs common.sh and git-store.sh.

# Without the system's configuration: it may name git-lfs, which would ask the remote for each file.
quiet_git() {
  GIT_CONFIG_NOSYSTEM=1 git -c core.hooksPath=/dev/null -c core.fsmonitor=false -c advice.detachedHead=false "$@"
}

# Nothing of an earlier attempt is read: what is there goes.
empty_checkout() {
  cd "$WORKSPACE_DIR" || fail 65 "cannot enter $WORKSPACE_DIR"
  find . -mindepth 1 -maxdepth 1 -exec rm -rf {} +
  new_repository .
}

# checked COMMAND...: or the end of the script with git's last lines. Another try would change nothing.
checked() {
  "$@" 2>"$private/error" || fail 64 "git cannot make the checkout: $(tail -n 12 "$private/error")"
  [ ! -s "$private/error" ] || cat "$private/error" >&2
}

# check_out_branch BRANCH COMMIT
check_out_branch() {
  quiet_git checkout -q -f --no-track -B "$1" "$2" -- || return 1
  if is_simple "$1"; then
    printf '[branch "%s"]\n\tremote = origin\n\tmerge = refs/heads/%s\n' "$1" "$1" >>.git/config
  else
    git config "branch.$1.remote" origin && git config "branch.$1.merge" "refs/heads/$1"
  fi
}

check_out_detached() {
  quiet_git checkout -q -f --detach "$1" --
}
