#!/bin/sh
# shellcheck disable=SC2034,SC2154,SC2317 # Variables and callers are in the files that it reads.
# Pushes the commit that git-pack.sh has handed over. It has the credential, and nothing that an agent could have
# written but that one file. Can run again at any point, and ends in the same state. Its termination message is one
# line of JSON. Needs common.sh, git-credentials.sh, git-remote.sh and git-source.sh, and protected-paths.pl beside it.
scripts=${0%/*}
. "$scripts/settings.sh"
. "$scripts/common.sh"
. "$scripts/git-credentials.sh"
. "$scripts/git-remote.sh"
. "$scripts/git-source.sh"
LC_ALL=C
export LC_ALL
url=$AGENT_REPOSITORY_URL
target=$AGENT_PUBLISH_BRANCH
base_branch=${AGENT_PUBLISH_BASE:-}
MAX_BYTES=1000000000

# report FIELDS: what the operator reads.
report() {
  printf '{"type":"agent-operator",%s}\n' "$1" >"$AGENT_TERMINATION_LOG"
}

# is_archived: the remote says so; it takes nothing from anybody.
is_archived() {
  grep -q -i -E -e 'repository (was|is|has been) archived|archived (repository|project|so it is read-only)|repo(sitory)? is archived' "$private/error"
}

# refuse REASON TEXT...: another try would change nothing.
refuse() {
  reason=$1
  shift
  say "$*"
  # Each byte can become two, and 4096 are kept.
  report "\"reason\":\"$reason\",\"message\":\"$(printf '%s\n' "$*" | plain | head -c 1900 | json_lines)\""
  exit 64
}

# is_denied: the remote has not let us in, or not let us write.
is_denied() {
  grep -q -i -E -e 'authentication failed|could not read (username|password)|permission denied|access denied|forbidden' \
    -e 'permission to .* denied|returned error: (401|403)|write access .*not granted|not allowed to push|read[- ]only' "$private/error"
}

# asked COMMAND...: as attempt, or the end of the script with git's own words.
asked() {
  attempt "$@"
  result=$?
  [ "$result" != 0 ] || return 0
  ! is_archived || refuse RepositoryArchived "$message"
  ! is_denied || refuse PushDenied "$message"
  fail "$result" "$message"
}

# take_bundle: the file as it was handed over, in a place of our own; given, tip and needed: what its first lines say.
take_bundle() {
  bundle=$AGENT_HANDOVER/bundle
  if [ ! -e "$bundle" ] && [ ! -L "$bundle" ]; then
    report '"nothing":true'
    exit 0
  fi
  if [ -L "$bundle" ] || [ ! -f "$bundle" ]; then refuse PublishFailed "what was handed over is no file"; fi
  head -c "$((MAX_BYTES + 1))" <"$bundle" >"$private/bundle" || fail 1 "what was handed over cannot be read; see the log"
  [ "$(wc -c <"$private/bundle")" -le "$MAX_BYTES" ] || refuse PublishFailed "the work is too large to publish"
  head -c 4096 "$private/bundle" | sed '/^$/q' >"$private/head"
  given=$(sed -n '1s/^start \([0-9a-f]\{40\}\)$/\1/p' "$private/head")
  [ "$(sed -n 2p "$private/head")" = '# v2 git bundle' ] || refuse PublishFailed "what was handed over is no bundle of git"
  tip=$(sed -n 's,^\([0-9a-f]\{40\}\) refs/heads/agent-operator$,\1,p' "$private/head")
  needed=$(sed -n 's|^-\([0-9a-f]\{40\}\)\( .*\)\{0,1\}$|\1|p' "$private/head" | head -n 4)
  [ "${#tip}" = 40 ] || refuse PublishFailed "what was handed over has no commit"
}

# id_of_branch NAME: its commit at the remote, as it was listed last.
id_of_branch() {
  ref=refs/heads/$1 awk '$2 == ENVIRON["ref"] { print $1; exit }' "$private/heads"
}

# fetch_base: base: the commit of the branch that the work is for, fetched just now; empty for an empty repository.
fetch_base() {
  asked list_heads >"$private/heads"
  base=
  [ -s "$private/heads" ] || return 0
  if [ -z "$base_branch" ]; then
    asked list_head >"$private/default"
    base_branch=$(sed -n 's,^ref: refs/heads/\(.*\)[[:space:]]HEAD$,\1,p' "$private/default")
    [ -n "$base_branch" ] || refuse PublishFailed "the HEAD of $url names no branch, so it is not known what the work is for: set repository.branch"
  fi
  if [ "$target" = "$base_branch" ] && [ -z "${AGENT_PUBLISH_NAMED:-}" ]; then
    refuse PublishFailed "the work is on $target, which is the branch that it is for: name it in publish.branch to push to it, or name another one"
  fi
  [ -n "$(id_of_branch "$base_branch")" ] || refuse PublishFailed "the remote has no branch $base_branch, which the work is for"
  asked fetch_refs -- "$url" "+refs/heads/$base_branch:refs/heads/base"
  base=$(git rev-parse -q --verify 'refs/heads/base^{commit}')
  fetch_target
}

# fetch_target: there: the commit of the branch to push to, as it was listed last; empty: there is no such branch.
fetch_target() {
  there=$(id_of_branch "$target")
  [ -n "$there" ] || return 0
  asked fetch_refs -- "$url" "+refs/heads/$target:refs/heads/target"
  there=$(git rev-parse -q --verify 'refs/heads/target^{commit}')
}

# take_in: the objects of the bundle, checked one by one.
take_in() {
  for id in $needed; do
    git cat-file -e "$id^{commit}" 2>/dev/null || attempt fetch_refs -- "$url" "$id" ||
      refuse PublishFailed "the remote no longer has commit $id, which the run started from: $message"
  done
  tail -c "+$(($(wc -c <"$private/head") + 1))" "$private/bundle" |
    git index-pack --strict --fix-thin --stdin >/dev/null 2>"$private/error" ||
    refuse PublishFailed "the commits are not as git wants them: $(tail -n 5 "$private/error")"
  [ "$(git rev-parse -q --verify "$tip^{commit}")" = "$tip" ] || refuse PublishFailed "what was handed over has no commit"
}

# changed_paths: of every commit that is not on the base; of a merge what none of its parents has, and with the tip also
# what is other than where they left the base: an old version is a change too.
changed_paths() {
  git rev-list "$tip" ${base:+"^$base"} >"$private/commits" &&
    git diff-tree --stdin -r -c --root --no-commit-id --no-renames --name-only -z <"$private/commits" || return 1
  {
    printf '%s\n' "$tip"
    git rev-list --merges "$tip" ${base:+"^$base"}
  } >"$private/merges"
  while IFS= read -r id; do
    fork=$(git merge-base ${base:+"$base"} "$id" 2>/dev/null) && [ -n "$base" ] || fork=$(git hash-object -t tree /dev/null)
    git diff-tree -r --no-renames --name-only -z "$fork" "$id" || return 1
  done <"$private/merges"
}

# differing_from COMMIT: what is other there than in the tip.
differing_from() {
  git diff-tree -r --no-renames --name-only -z "$1" "$tip" >"$private/differing" && sort -z "$private/differing"
}

# other_versions: what the tip has in a version that is none of the remote's: not that of the base, nor that which the run
# was given, nor that of the branch to push to. Whoever has the history can begin at an older commit, without a change.
other_versions() {
  [ -n "$base" ] || return 0
  differing_from "$base" >"$private/other" || return 1
  for version in $given $there; do
    git cat-file -e "$version^{commit}" 2>/dev/null || attempt fetch_refs -- "$url" "$version" || continue
    differing_from "$version" >"$private/others" && comm -z -12 "$private/other" "$private/others" >"$private/both" &&
      mv "$private/both" "$private/other" || return 1
  done
  cat "$private/other"
}

# left_at: the commits that the work goes on from. A protected link in it is as it is in one of them, or is a change.
left_at() {
  git rev-list --boundary "$tip" ${base:+"^$base"} | sed -n 's/^-//p'
}

# only_protected: of the paths that it reads.
only_protected() {
  # shellcheck disable=SC2046 # Ids are words.
  perl "$scripts/protected-paths.pl" ${base:+"$base"} $(left_at)
}

# refuse_paths LIST TEXT: if there are any in the list.
refuse_paths() {
  [ -s "$1" ] || return 0
  count=$(wc -l <"$1")
  shown=$(head -n 10 "$1" | cut -c 1-200 | sed 's/$/,/' | tr '\n' ' ' | sed 's/, $//')
  [ "$count" -le 10 ] || shown="$shown and $((count - 10)) more"
  refuse ProtectedPath "$2: $shown"
}

check_paths() {
  [ -n "${AGENT_PROTECTED_PATHS:-}" ] || return 0
  if ! {
    changed_paths >"$private/changed" && only_protected <"$private/changed" >"$private/protected" &&
      other_versions >"$private/versions" && only_protected <"$private/versions" >"$private/outdated"
  }; then
    fail 1 "the changed paths cannot be checked; see the log"
  fi
  refuse_paths "$private/protected" "the work changes protected paths"
  refuse_paths "$private/outdated" "the work has protected paths in a version that $base_branch of the remote does not have, nor had when the run started: let it merge $base_branch"
}

# The remote takes it only if its branch is still as it was looked at.
push_work() {
  exec_remote_git push --porcelain --no-verify --no-recurse-submodules "--force-with-lease=refs/heads/$target:$there" \
    -- "$url" "$tip:refs/heads/$target" >"$private/pushed"
}

published() {
  hand_on
  say "commit $tip is branch $target of $url"
  report "\"commit\":\"$tip\""
  exit 0
}

# hand_on: what the container that opens the pull request needs: the commit, and the branch that it is for.
hand_on() {
  [ -n "${AGENT_PUSHED:-}" ] || return 0
  printf '%s\n%s\n' "$tip" "$base_branch" >"$AGENT_PUSHED/pushed" || fail 1 "what was pushed cannot be handed on; see the log"
}

# is_ours: the commit of the remote's branch is one that this operator has published there for the same work. The branch
# that the work is for only goes forward.
is_ours() {
  [ "$target" != "$base_branch" ] || return 1
  case " ${AGENT_PUBLISHED:-} " in
    *" $there "*) ;;
    *) return 1 ;;
  esac
}

# require_ancestor: what is on the branch already is part of the work, or was published by this operator before.
require_ancestor() {
  asked list_heads >"$private/heads"
  [ "$(id_of_branch "$target")" != "$tip" ] || published
  fetch_target
  [ -n "$there" ] || return 0
  git merge-base --is-ancestor "$there" "$tip" || is_ours ||
    refuse BranchMoved "branch $target of the remote is at $there, which is not in the work; nothing is overwritten"
}

# What the remote itself says, without secrets.
remote_words() {
  {
    sed -n 's/[[:space:]]*$//; s/^remote: *//p' "$private/error"
    sed -n 's/^!.*\[remote rejected\] *//p' "$private/pushed"
  } | scrub | grep -v '^[[:space:]]*$' | tail -n 12
}

push() {
  for pause in 2 5 0; do
    require_ancestor
    : >"$private/pushed"
    ! stoppable push_work 2>"$private/error" || published
    ! grep -q '^!.*\[remote rejected\]' "$private/pushed" || refuse PublishRefused "$(remote_words)"
    message=$(scrub <"$private/error" | tail -n 12)
    ! is_archived || refuse RepositoryArchived "$message"
    ! is_denied || refuse PushDenied "$message"
    say "$message"
    [ "$pause" = 0 ] || stoppable sleep "$pause"
  done
  fail 1 "$message"
}

make_private
mkdir -p "$HOME"
take_bundle
GIT_DIR=$private/own.git
export GIT_DIR
git init -q --bare --template= -b main "$GIT_DIR" || fail 1 "git cannot work in $TMPDIR; its messages are in the log"
prepare_remote
fetch_base
take_in
check_paths
push
