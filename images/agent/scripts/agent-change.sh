# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # Variables and callers are in the scripts that read it.
# What an agent has changed: the patch, and git's facts about it. Needs common.sh and hide-secrets.sh.

safe_git() {
  git -c core.hooksPath=/dev/null -c core.fsmonitor=false "$@"
}

# The whole change since the base, with what is not committed, built beside the repository's own index.
write_patch() {
  objects=$(cd "$(git rev-parse --git-path objects)" && pwd -P) || return 1
  against=${base:-4b825dc642cb6eb9a060e54bf8d69288fbee4904}
  mkdir -p "$RUN_DIR/objects.tmp"
  cp "$(git rev-parse --git-path index)" "$private/index" 2>/dev/null
  (
    GIT_INDEX_FILE=$private/index
    GIT_OBJECT_DIRECTORY=$RUN_DIR/objects.tmp
    GIT_ALTERNATE_OBJECT_DIRECTORIES=$objects
    export GIT_INDEX_FILE GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES
    [ -n "$base" ] || git hash-object -t tree -w /dev/null >/dev/null
    safe_git add -A . &&
      safe_git diff --cached --binary --no-color --no-ext-diff --no-textconv "$against" >"$private/patch" &&
      (hide_secrets <"$private/patch" >"$RUN_DIR/patch.tmp") &&
      safe_git diff --cached --shortstat --no-ext-diff "$against" >"$private/shortstat"
  ) && mv "$RUN_DIR/patch.tmp" "$RUN_DIR/patch"
  made=$?
  rm -rf "$RUN_DIR/objects.tmp"
  return "$made"
}

# count WORD: the number before it in git's short statistics.
count() {
  number=$(sed -n "s/^.*[^0-9]\([0-9][0-9]*\) $1.*\$/\1/p" "$private/shortstat")
  printf '%s' "${number:-0}"
}

# Prints the git member of the outcome, or nothing where there is no repository.
describe_git() {
  command -v git >/dev/null || return 0
  cd "$work" || return 0
  git rev-parse --git-dir >/dev/null 2>&1 || return 0
  : >"$private/shortstat"
  write_patch || say "the patch could not be written"
  head=$(git rev-parse -q --verify HEAD 2>/dev/null)
  branch=$(git symbolic-ref -q --short HEAD 2>/dev/null | head -c 512 | json_text)
  uncommitted=false
  [ -z "$(safe_git status --porcelain 2>/dev/null | head -n 1)" ] || uncommitted=true
  range=HEAD
  [ -z "$base" ] || range=$base..HEAD
  printf ',"git":{"branch":"%s","baseCommit":"%s","headCommit":"%s","commits":%s,"filesChanged":%s,"insertions":%s,"deletions":%s,"uncommittedChanges":%s}' \
    "$branch" "$base" "$head" "$(git rev-list --count "$range" 2>/dev/null || printf 0)" \
    "$(count file)" "$(count insertion)" "$(count deletion)" "$uncommitted"
}
