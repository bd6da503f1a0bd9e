#!/bin/sh
# shellcheck disable=SC2034,SC2154,SC2317 # Variables and callers are in the files that it reads.
# Writes what a run has left to standard output, each file as a line with its name, lines of base64 with
# its compressed content, and a line that ends it. Every volume is read only, and git never runs in a
# repository of an agent's. Needs common.sh and hide-secrets.sh.
scripts=${0%/*}
. "$scripts/common.sh"
. "$scripts/hide-secrets.sh"
shared=$WORKSPACE_DIR/.git

# The whole change since the run began, for a run whose entrypoint was killed before it could write it.
make_patch() {
  base=$(head -c 64 "$base_file" 2>/dev/null | tr -cd '0-9a-f')
  [ -s "$base_file" ] || return 1
  if [ -L "$shared" ] || [ ! -d "$shared/objects" ]; then
    return 1
  fi
  git init -q --bare --template= "$private/own.git" || return 1
  (
    cd "$AGENT_WORK_DIR" || exit 1
    GIT_DIR=$private/own.git
    GIT_WORK_TREE=$AGENT_WORK_DIR
    GIT_ALTERNATE_OBJECT_DIRECTORIES=$shared/objects
    export GIT_DIR GIT_WORK_TREE GIT_ALTERNATE_OBJECT_DIRECTORIES
    git config core.bare false
    git config core.hooksPath /dev/null
    against=${base:-$(git hash-object -t tree -w /dev/null)}
    git read-tree "$against" &&
      git add -A . &&
      git diff --cached --binary --no-color --no-ext-diff --no-textconv "$against"
  ) >"$private/patch" && [ -s "$private/patch" ]
}

# send NAME FILE
send() {
  printf 'agent-operator-file %s\n' "$1"
  hide_secrets <"$2" | gzip -c | base64
  printf 'agent-operator-end %s\n' "$1"
}

missing() {
  printf 'agent-operator-missing %s\n' "$1"
}

make_private
mkdir -p "$HOME"
printf '[safe]\n\tdirectory = *\n' >"$HOME/.gitconfig"
collect_secrets
for artifact in $AGENT_ARTIFACTS; do
  file=$RUN_DIR/$artifact
  if [ -f "$file" ] && [ ! -L "$file" ]; then
    send "$artifact" "$file"
  elif [ "$artifact" = patch ] && make_patch; then
    send patch "$private/patch"
  else
    missing "$artifact"
  fi
done
