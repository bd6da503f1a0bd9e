# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # Variables and callers are in the scripts that read it.
# What a run has come to, as one commit in a repository of our own. Needs common.sh, git-own.sh and git-files.sh.

# open_snapshot DIRECTORY: base: the commit that the run started from; tip: the one that is checked out at its end.
# Either may be empty. No git runs in a repository of an agent's.
open_snapshot() {
  is_plain "$base_file" && mkdir "$1" && open_own "$1" || return 1
  look_at_run
  tip=${commit:-$base}
}

# add_files NAME EMAIL SECONDS MESSAGE: tip becomes a commit with the files as they are, if it has others. The same
# files at the same time make the same commit.
add_files() {
  against=${tip:-$(own_git hash-object -t tree -w /dev/null)}
  tree=$AGENT_WORK_DIR
  take_files "$against" "$record.index" && files=$(own_git write-tree) || return 1
  tree=
  [ "$files" != "$(own_git rev-parse "$against^{tree}")" ] || return 0
  tip=$(
    {
      printf 'tree %s\n' "$files"
      [ -z "$tip" ] || printf 'parent %s\n' "$tip"
      printf 'author %s <%s> %s +0000\ncommitter %s <%s> %s +0000\n\n%s\n' "$1" "$2" "$3" "$1" "$2" "$3" "$4"
    } | own_git hash-object -t commit -w --stdin
  )
}

# open_work DIRECTORY: tip becomes the work of the run: what it has committed, or with AGENT_PUBLISH_WHEN=Changed all.
open_work() {
  open_snapshot "$1" || fail 64 "the claim has no record of what the run started from"
  [ "${AGENT_PUBLISH_WHEN:-}" = Changed ] || return 0
  add_files "$AGENT_COMMIT_NAME" "$AGENT_COMMIT_EMAIL" "$AGENT_COMMIT_TIME" "$AGENT_COMMIT_MESSAGE" ||
    fail 64 "git cannot take the files of the checkout; its messages are in the log"
}

# bundle_into FILE: the commits from base to tip. The one ref has a name of ours: nothing that an agent has named gets
# further.
bundle_into() {
  own_git update-ref refs/heads/agent-operator "$tip" &&
    own_git bundle create -q "$1" refs/heads/agent-operator ${base:+"^$base"}
}
