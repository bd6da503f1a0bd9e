# shellcheck shell=sh disable=SC2015,SC2030,SC2031,SC2034,SC2154,SC2317 # Variables and callers are in the scripts that read it.
# What an agent has changed: the patch, and git's facts about it, as our own git sees them. What cannot be known
# is left away. Needs common.sh, hide-secrets.sh, git-own.sh, git-additional.sh and git-files.sh.

# Seconds for one step of git's: less if the container is being ended.
PATIENCE_SECONDS=300
PATIENCE_AT_END_SECONDS=5
REPOSITORY_SECONDS_AT_END=2
EMPTY_TREE=4b825dc642cb6eb9a060e54bf8d69288fbee4904

MAX_NAME_BYTES=100

# Prints the git member of the outcome, or nothing if there is no git or no checkout to compare with.
describe_git() {
  command -v git >/dev/null && is_plain "$base_file" || return 0
  for old in "$RUN_DIR"/report.*; do
    [ ! -e "$old" ] || rm -rf "$old"
  done
  # On the volume itself, so that git learns what it can do, and there is room for what is new.
  place=$(mktemp -d "$RUN_DIR/report.XXXXXX") || {
    say "what the agent has changed could not be seen"
    return 0
  }
  patch_file=$RUN_DIR/patch
  patience=$PATIENCE_SECONDS
  [ -z "$stopped" ] || patience=$PATIENCE_AT_END_SECONDS
  { open_own "$place" && look_at_change; } || say "what the agent has changed could not be seen"
  print_facts
  rm -rf "$place"
}

# Seconds for all additional repositories if the container is being ended.
REPOSITORIES_SECONDS_AT_END=6

# Prints the repositories member of the outcome, or nothing: the additional repositories in which something has changed, each
# as its name and four numbers, or its name alone if that could not be seen.
describe_repositories() {
  [ -n "${AGENT_REPOSITORIES:-}" ] || return 0
  command -v git >/dev/null || return 0
  comma=',"repositories":['
  [ -z "$stopped" ] || latest=$(($(date +%s) + REPOSITORIES_SECONDS_AT_END))
  for repository in $AGENT_REPOSITORIES; do
    numbers=unknown
    if [ -z "$stopped" ] || [ "$(date +%s)" -lt "$latest" ]; then numbers=$(repository_numbers "$repository"); fi
    case $numbers in
      0,0,0,0) continue ;;
      *[!0-9,]* | '')
        say "what the agent has changed in the additional repository $repository could not be seen"
        numbers=
        ;;
    esac
    printf '%s["%s"%s]' "$comma" "$repository" "${numbers:+,$numbers}"
    comma=,
  done
  [ "$comma" != , ] || printf ']'
}

# repository_numbers NAME: files, insertions and deletions of its patch, which it writes, and what that lacks.
repository_numbers() (
  enter_repository "$1"
  is_plain "$base_file" && place=$(mktemp -d "$RUN_DIR/report.XXXXXX") || exit
  patience=$PATIENCE_SECONDS
  [ -z "$stopped" ] || patience=$REPOSITORY_SECONDS_AT_END
  patch_file=$RUN_DIR/patch.$1
  rm -rf "$patch_file"
  open_own "$place" && look_at_run && {
    head=$commit
    tree=$WORKSPACE_DIR
    work=$tree
    look_at_files
  } >&2 && {
    read_numbers
    printf '%s,%s,%s,%s' "$files" "$insertions" "$deletions" "$(grep -c '' "$own/left")"
  }
  rm -rf "$place"
)

# Sets what print_facts prints.
look_at_change() {
  look_at_run
  head=$commit
  look_at_commits
  tree=$work
  look_at_files
}

# The patch: from the base to the files as they are.
look_at_files() {
  take_files "${head:-${base:-$EMPTY_TREE}}" "$record.index" || return 1
  left_out >"$own/left"
  # Work in a submodule stays there.
  [ ! -s "$own/links" ] || cut -f 2- "$own/links" | while IFS= read -r path; do
    [ ! -e "$work/$path/.git" ] || [ -z "$(work_in "$work/$path")" ] || printf '%s/\n' "$path"
  done >>"$own/left"
  against=${base:-$EMPTY_TREE}
  patch_from "$against" >"$own/patch" && measure_patch &&
    { hide_secrets_of "$own/patch" >"$own/shown" && mv "$own/shown" "$patch_file"; } || {
    say "the patch could not be written"
    rm -f "$own/shortstat"
    return 1
  }
  uncommitted=true
  if [ ! -s "$own/left" ] && is_committed; then uncommitted=false; fi
}

# A second comparison only if the first found something.
measure_patch() {
  : >"$own/shortstat"
  [ ! -s "$own/patch" ] || own_git diff --cached --shortstat --no-ext-diff "$against" >"$own/shortstat"
}

# Whether the files are those of the commit that is checked out.
is_committed() {
  if [ "${head:-$EMPTY_TREE}" = "$against" ]; then
    [ ! -s "$own/shortstat" ]
  else
    own_git diff --cached --quiet --no-ext-diff "${head:-$EMPTY_TREE}"
  fi
}

# Commits since the base, on the branch that is checked out and on others.
look_at_commits() {
  if [ -n "$head" ] && [ "$head" = "$base" ]; then
    printf '0\n' >"$own/commits"
  elif [ -n "$head" ]; then
    own_git rev-list --count "$head" ${base:+--not "$base"} >"$own/commits" || rm -f "$own/commits"
  elif [ -z "$base" ] && [ -n "$branch" ]; then
    printf '0\n' >"$own/commits"
  fi
  find_moved >"$own/moved"
  if [ -s "$own/moved" ]; then
    note_known
    { printf '%s\n' ${head:+"$head"} && cut -d ' ' -f 1 "$own/moved" && sed 's/^/^/' "$own/known"; } |
      own_git rev-list --count --ignore-missing --stdin >"$own/all" && mv "$own/all" "$own/commits"
    find_gained >"$own/gained"
  fi
}

# What is no work of this run's: the base, branches as they were, and what came from the remote. Where the agent
# may push, a branch of the remote may be its own work.
note_known() {
  (
    cd "$WORKSPACE_DIR/.git/logs/refs/remotes" 2>/dev/null &&
      find . -type f -size -2000 -exec grep -l -a -e 'update by push$' {} +
  ) | sed 's,^\.,refs/remotes,' >"$own/pushed"
  {
    [ -z "$base" ] || printf '%s\n' "$base"
    cut -d ' ' -f 1 "$record.heads"
    pushed=$own/pushed awk '
      BEGIN { while ((getline ref < ENVIRON["pushed"]) > 0) own[ref] = 1 }
      substr($0, 42) ~ /^refs\/remotes\// && !(substr($0, 42) in own) { print substr($0, 1, 40) }' "$own/refs"
  } | sort -u >"$own/known"
}

# Branches beside the one that is checked out that are not as they were before: `ID REF` a line. A neighbour's
# branches are in the same place: only what this worktree has been on is meant then.
find_moved() {
  : >"$own/visited"
  [ -z "${AGENT_WORKSPACE:-}" ] || ! is_plain "$gitdir/logs/HEAD" || cut -d ' ' -f 2 "$gitdir/logs/HEAD" >"$own/visited"
  before=$record.heads visited=$own/visited shared=${AGENT_WORKSPACE:-} ref=refs/heads/$branch awk '
    BEGIN {
      while ((getline line < ENVIRON["before"]) > 0) same[line] = 1
      while ((getline id < ENVIRON["visited"]) > 0) seen[id] = 1
    }
    substr($0, 42) !~ /^refs\/heads\// || substr($0, 42) == ENVIRON["ref"] || $0 in same { next }
    ENVIRON["shared"] == "" || substr($0, 1, 40) in seen' "$own/refs"
}

# Those with commits of this run that are not on the one that is checked out, as many as are reported: `ID COMMITS
# NAME` a line.
find_gained() {
  sed 's/^/^/' "$own/known" >"$own/seen"
  [ -z "$head" ] || printf '^%s\n' "$head" >>"$own/seen"
  head -n 50 "$own/moved" | while IFS= read -r line; do
    gained=$({ printf '%s\n' "${line%% *}" && cat "$own/seen"; } | own_git rev-list --count --ignore-missing --stdin)
    [ "${gained:-0}" = 0 ] || printf '%s %s %s\n' "${line%% *}" "$gained" "${line#* refs/heads/}"
  done
}

# Reads lines, writes the first of them: what fits into a termination message.
that_fit() {
  LC_ALL=C awk '{ bytes += length($0) } NR > 10 || bytes > 1000 { exit } { print }'
}

print_facts() {
  comma=
  printf ',"git":{"baseCommit":"%s","headCommit":"%s"' "${base:-}" "${head:-}"
  [ -z "${branch:-}" ] || printf ',"branch":"%s"' "$(json_text 512 "$branch")"
  if [ -s "$own/commits" ]; then
    read -r commits <"$own/commits"
    printf ',"commits":%s' "$commits"
  fi
  if [ -f "$own/shortstat" ]; then
    read_numbers
    printf ',"filesChanged":%s,"insertions":%s,"deletions":%s,"uncommittedChanges":%s' \
      "$files" "$insertions" "$deletions" "$uncommitted"
  fi
  if [ -s "$own/gained" ]; then
    printf ',"branches":['
    that_fit <"$own/gained" | while read -r id gained name; do
      printf '%s{"name":"%s","commit":"%s","commits":%s}' "$comma" "$(json_text 255 "$name")" "$id" "$gained"
      comma=,
    done
    printf ']'
  fi
  if [ -s "$own/left" ]; then
    printf ',"leftOutCount":%s,"leftOut":[' "$(grep -c '' "$own/left")"
    that_fit <"$own/left" | while IFS= read -r name; do
      printf '%s"%s"' "$comma" "$(json_text "$MAX_NAME_BYTES" "$name")"
      comma=,
    done
    printf ']'
  fi
  printf '}'
}

# read_numbers: files, insertions and deletions, as git's short statistics have them.
read_numbers() {
  files=0
  insertions=0
  deletions=0
  number=
  read -r statistics <"$own/shortstat" || :
  for word in ${statistics:-}; do
    case $word in
      file*) files=$number ;;
      insertion*) insertions=$number ;;
      deletion*) deletions=$number ;;
    esac
    number=$word
  done
}
