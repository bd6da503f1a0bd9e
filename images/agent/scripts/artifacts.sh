#!/bin/sh
# shellcheck disable=SC2154,SC2317 # Variables and callers are in the files that it reads.
# Writes what a run has left to standard output, each file as a line with its name, lines of base64 with
# its compressed content, and a line that ends it. No Secret is here, every volume is read only, and git never runs
# in a repository of an agent's. Needs common.sh, git-own.sh and git-files.sh.
scripts=${0%/*}
. "$scripts/settings.sh"
. "$scripts/common.sh"
. "$scripts/git-own.sh"
. "$scripts/git-files.sh"

# More of a file is not sent: who asks for it holds it in memory.
MAX_BYTES=268435456

# The whole change since the run began, for a run whose entrypoint was killed before it could write it.
make_patch() {
  record=${base_file%.base}
  is_plain "$base_file" && mkdir "$private/git" && open_own "$private/git" || return 1
  read_base
  lend_objects "$WORKSPACE_DIR/.git/objects"
  against=${base:-$(own_git hash-object -t tree -w /dev/null)}
  tree=$AGENT_WORK_DIR
  take_files "$against" "$record.index" && patch_from "$against" >"$private/patch" && [ -s "$private/patch" ]
}

# The commits of the run for `git fetch`, and as a last one what it has not committed. The one ref has a name of ours:
# nothing that an agent has named gets further.
make_bundle() {
  record=${base_file%.base}
  is_plain "$base_file" && mkdir "$private/bundle" && open_own "$private/bundle" || return 1
  read_base
  lend_objects "$WORKSPACE_DIR/.git/objects"
  take_shallow "$WORKSPACE_DIR/.git/shallow"
  refs_of "$WORKSPACE_DIR/.git" >"$own/refs"
  line_of gitdir "$record.gitdir"
  head_of "$gitdir" "$own/refs"
  tip=${commit:-$base}
  against=${tip:-$(own_git hash-object -t tree -w /dev/null)}
  tree=$AGENT_WORK_DIR
  take_files "$against" "$record.index" && files=$(own_git write-tree) || return 1
  if [ "$files" != "$(own_git rev-parse "$against^{tree}")" ]; then
    tip=$(own_git -c user.name='Agent Operator' -c user.email=agent-operator@localhost \
      commit-tree "$files" ${tip:+-p "$tip"} -m 'Work that the agent has not committed') || return 1
  fi
  [ -n "$tip" ] && [ "$tip" != "$base" ] && own_git update-ref refs/heads/agent-operator "$tip" &&
    own_git bundle create -q "$private/run.bundle" refs/heads/agent-operator ${base:+"^$base"}
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
  else
    missing "$artifact"
  fi
done
