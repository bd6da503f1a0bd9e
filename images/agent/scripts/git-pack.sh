#!/bin/sh
# shellcheck disable=SC2154,SC2317 # Variables and callers are in the files that it reads.
# Fixes what a run has come to as one commit and hands that over as a bundle: the first step of publishing. There is no
# credential here, the claim is read only, and git never runs in a repository of an agent's. Without a bundle there is
# nothing to publish. Needs common.sh, git-own.sh, git-files.sh and git-snapshot.sh.
scripts=${0%/*}
. "$scripts/settings.sh"
. "$scripts/common.sh"
. "$scripts/git-own.sh"
. "$scripts/git-files.sh"
. "$scripts/git-snapshot.sh"
LC_ALL=C
export LC_ALL

# The volume that it is handed over in has room for a little more.
MAX_BYTES=1000000000

# The first line names the commit that the remote gave when the run started, which no agent can have written; a bundle
# of git follows.
hand_over() {
  line_of given "$record.given"
  {
    printf 'start %s\n' "$given"
    cat "$private/run.bundle"
  } >"$AGENT_HANDOVER/bundle.new" && mv "$AGENT_HANDOVER/bundle.new" "$AGENT_HANDOVER/bundle"
}

make_private
rm -f "$AGENT_HANDOVER/bundle" "$AGENT_HANDOVER/bundle.new"
open_work "$private/snapshot"
[ "${AGENT_PUBLISH_COMMIT:-$tip}" = "$tip" ] ||
  fail 64 "the work has changed since it was verified: it was commit $AGENT_PUBLISH_COMMIT and is ${tip:-nothing} now"
if [ -z "$tip" ] || [ "$tip" = "$base" ]; then
  say "nothing to publish"
  exit 0
fi
bundle_into "$private/run.bundle" || fail 64 "git cannot read the commits of the run; its messages are in the log"
[ "$(wc -c <"$private/run.bundle")" -le "$MAX_BYTES" ] ||
  fail 64 "the work is too large to publish: its new objects have more than $MAX_BYTES bytes"
hand_over || fail 1 "the commits cannot be handed over; see the log"
say "commit $tip is to be published"
