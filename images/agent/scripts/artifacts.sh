#!/bin/sh
# shellcheck disable=SC2154,SC2317 # Variables and callers are in the files that it reads.
# shellcheck disable=SC2030,SC2031 # What a subshell sets is for itself.
# Writes what a run has left to standard output, each file as a line with its name, lines of base64 with
# its compressed content, and a line that ends it. No Secret is here, every volume is read only, and git never runs
# in a repository of an agent's. Needs common.sh, git-own.sh, git-additional.sh, git-files.sh and git-snapshot.sh.
scripts=${0%/*}
. "$scripts/settings.sh"
. "$scripts/common.sh"
. "$scripts/git-own.sh"
. "$scripts/git-additional.sh"
. "$scripts/git-files.sh"
. "$scripts/git-snapshot.sh"

# More of a file is not sent: who asks for it holds it in memory.
MAX_BYTES=268435456

# The whole change since the run began, for a run whose entrypoint was killed before it could write it.
make_patch() {
  open_snapshot "$private/git" || return 1
  against=${base:-$(own_git hash-object -t tree -w /dev/null)}
  tree=$AGENT_WORK_DIR
  take_files "$against" "$record.index" && patch_from "$against" >"$private/patch" && [ -s "$private/patch" ]
}

# make_patch_of NAME: the same for an additional repository.
make_patch_of() (
  enter_repository "$1"
  AGENT_WORK_DIR=$WORKSPACE_DIR
  mkdir "$private/patch.$1" && private=$private/patch.$1 && make_patch
)

# The commits of the run for `git fetch`, and as a last one what it has not committed.
make_bundle() {
  open_snapshot "$private/bundle" &&
    add_files 'Agent Operator' agent-operator@localhost "$(date +%s)" 'Work that the agent has not committed' &&
    [ -n "$tip" ] && [ "$tip" != "$base" ] && bundle_into "$private/run.bundle"
}

# send NAME FILE
send() {
  printf 'agent-operator-file %s\n' "$1"
  head -c "$MAX_BYTES" -- "$2" | gzip -c | base64
  [ "$(wc -c <"$2")" -le "$MAX_BYTES" ] || printf 'agent-operator-cut %s\n' "$1"
  printf 'agent-operator-end %s\n' "$1"
}

missing() {
  printf 'agent-operator-missing %s\n' "$1"
}

make_private
for artifact in $AGENT_ARTIFACTS; do
  file=$RUN_DIR/$artifact
  if [ "$artifact" = bundle ]; then
    if make_bundle; then send bundle "$private/run.bundle"; else missing bundle; fi
  elif is_plain "$file"; then
    send "$artifact" "$file"
  elif [ "$artifact" = patch ] && make_patch; then
    send patch "$private/patch"
  elif [ "$artifact" != "${artifact#patch.}" ] && make_patch_of "${artifact#patch.}"; then
    send "$artifact" "$private/patch.${artifact#patch.}/patch"
  else
    missing "$artifact"
  fi
done
