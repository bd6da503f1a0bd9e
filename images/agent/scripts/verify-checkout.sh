#!/bin/sh
# shellcheck disable=SC2154,SC2317 # Variables and callers are in the files that it reads.
# Checks one commit of a run out into an empty folder, for a container that has nothing else of the run. There is no
# credential here, the claim is read only, and git never runs in a repository of an agent's. Needs common.sh,
# git-own.sh, git-additional.sh, git-files.sh and git-snapshot.sh.
scripts=${0%/*}
. "$scripts/settings.sh"
. "$scripts/common.sh"
. "$scripts/git-own.sh"
. "$scripts/git-additional.sh"
. "$scripts/git-files.sh"
. "$scripts/git-snapshot.sh"
LC_ALL=C
export LC_ALL

# its_git ARGUMENT...: on the checkout, whose folder is the node's own.
its_git() {
  GIT_CONFIG_NOSYSTEM=1 git -c "safe.directory=$AGENT_CHECKOUT" -c protocol.file.allow=always -c core.hooksPath=/dev/null \
    -c advice.detachedHead=false -C "$AGENT_CHECKOUT" "$@"
}

# A repository of its own with that commit alone.
check_out() {
  find "$AGENT_CHECKOUT" -mindepth 1 -maxdepth 1 -exec rm -rf {} + &&
    its_git init -q --template= -b agent-operator &&
    its_git fetch -q --depth 1 "file://$own/git" refs/heads/agent-operator &&
    its_git checkout -q -f --detach "$tip" --
}

# check_out_as_fetched NAME: an additional repository, without what the agent has changed there, which nothing publishes.
check_out_as_fetched() (
  enter_repository "$1"
  AGENT_CHECKOUT=$AGENT_REPOSITORIES_CHECKOUT/$1
  { mkdir -p "$AGENT_CHECKOUT" && open_snapshot "$private/$1.git"; } || fail 64 "the claim has no record of the additional repository $1"
  [ -n "$base" ] || {
    its_git init -q --template= -b agent-operator
    return
  }
  tip=$base
  { own_git update-ref refs/heads/agent-operator "$tip" && check_out; } ||
    fail 64 "git cannot check out commit $tip of the additional repository $1; its messages are in the log"
)

make_private
hand_over_scripts
for repository in ${AGENT_REPOSITORIES:-}; do
  check_out_as_fetched "$repository" || exit
done
open_work "$private/snapshot"
[ -z "${AGENT_VERIFY_BASE:-}" ] || tip=$base
[ -n "$tip" ] || fail 64 "there is no commit to verify"
own_git update-ref refs/heads/agent-operator "$tip" || fail 64 "git cannot read the commits of the run; its messages are in the log"
check_out || fail 64 "git cannot check commit $tip out; its messages are in the log"
printf '{"type":"agent-operator","commit":"%s"}\n' "$tip" >"$AGENT_TERMINATION_LOG"
say "commit $tip is to be verified"
