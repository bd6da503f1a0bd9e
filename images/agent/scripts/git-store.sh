# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # Variables and callers are in the scripts that read it.
# The store of a claim: what was fetched with credentials, in a bare repository that no container with
# anything of an agent's mounts writable. Nothing in it is ever collected or pruned, because checkouts
# read its objects in place. Needs common.sh.

# new_repository DIRECTORY OPTION...: git's own files only.
new_repository() {
  repository=$1
  shift
  git init -q --template= -b main "$@" "$repository" || return 1
  configuration=$repository/.git/config
  [ -e "$configuration" ] || configuration=$repository/config
  if is_simple "$url"; then
    printf '[remote "origin"]\n\turl = %s\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n' "$url" >>"$configuration"
  else
    git config -f "$configuration" remote.origin.url "$url" &&
      git config -f "$configuration" remote.origin.fetch '+refs/heads/*:refs/remotes/origin/*'
  fi
}

# The store, made if there is none yet; a run that starts at the same time may have been quicker.
open_store() {
  if [ ! -e "$store/config" ]; then
    made=$(mktemp -d "$STORE_DIR/new.XXXXXX") && chmod 755 "$made" && new_repository "$made" --bare || return 1
    mv -T "$made" "$store" 2>/dev/null || rm -rf "$made"
  fi
  GIT_DIR=$store
  export GIT_DIR
}

# What a fetch that was killed has left; no other may be at work.
clean_store() {
  find "$store" -name '*.lock' -exec rm -f {} + 2>/dev/null
  find "$store/objects" -name 'tmp_*' -exec rm -rf {} + 2>/dev/null
}

# Where the container that fetches leaves for the next one what it found: a file for each value.
found=$STORE_DIR/found/${AGENT_RUN_UID:-init}

# leave NAME...: the variables of these names, all of them or none.
leave() {
  rm -rf "$found.new"
  mkdir -p "$found.new"
  for name in "$@"; do
    eval "printf '%s' \"\${$name}\"" >"$found.new/$name"
  done
  rm -rf "$found"
  mv "$found.new" "$found"
}

# take NAME...: as `leave` was given them.
take() {
  for name in "$@"; do
    eval "$name=\$(cat \"\$found/\$name\")"
  done
}

# Objects of the store are read in place; everything else of it becomes the checkout's own.
adopt_store() {
  mkdir -p .git/objects/info
  printf '%s\n' "$store/objects" >.git/objects/info/alternates
  [ ! -f "$store/shallow" ] || cp "$store/shallow" .git/shallow
  GIT_DIR=$store git for-each-ref --format='%(if)%(symref)%(then)%(else)%(objectname) %(refname)%(end)' >"$private/refs" ||
    return 1
  sed '/^$/d' "$private/refs" >.git/packed-refs
  head=$(GIT_DIR=$store git symbolic-ref -q refs/remotes/origin/HEAD) || return 0
  git symbolic-ref refs/remotes/origin/HEAD "$head"
}

# in_store ARGUMENT...: git on the store, which other runs use at the same time.
in_store() {
  GIT_DIR=$store git -c core.filesRefLockTimeout=10000 "$@"
}

# fetch_lfs GIT_DIR COMMIT: the files of a commit that Git LFS keeps, beside the objects of that repository; lfs: there
# are some. The server is the remote's own, whatever the repository's authors have written into .lfsconfig.
fetch_lfs() {
  lfs=
  lfs_dir=$1
  [ -n "$2" ] && GIT_DIR=$1 git grep -q -I -e 'filter=lfs' "$2" -- ':(glob)**/.gitattributes' 2>/dev/null || return 0
  lfs=true
  lfs_commit=$2
  lfs_url=$url
  case $url in
    http://* | https://*)
      lfs_url=${lfs_url%/}
      lfs_url=${lfs_url%.git}.git/info/lfs
      ;;
  esac
  if ! command -v git-lfs >/dev/null; then
    say "files of Git LFS stay pointers: the git image has no git-lfs"
  elif ! attempt lfs_objects; then
    say "files of Git LFS stay pointers: $message"
  fi
}

lfs_objects() {
  GIT_DIR=$lfs_dir
  export GIT_DIR
  exec_remote_git -c "remote.origin.url=$url" -c "lfs.url=$lfs_url" -c lfs.basictransfersonly=true -c lfs.activitytimeout=60 \
    -c lfs.fetchexclude= -c lfs.fetchinclude= -c lfs.skipdownloaderrors=false -c "lfs.storage=$lfs_dir/lfs" \
    lfs fetch origin "$lfs_commit" </dev/null
}

# lfs_filter: what writes those files, as a command line for git.
lfs_filter() {
  printf "sh '%s/git-lfs.sh' smudge '%s/lfs/objects' '%s/.git/lfs/objects'" "$scripts" "$store" "$WORKSPACE_DIR"
}

# set_lfs_filter: for the checkout, and for agents whose image has no git-lfs. One that has it finds the store's files
# by the alternates; what is missing must not make a checkout fail.
set_lfs_filter() {
  [ -n "$lfs" ] || return 0
  git config filter.lfs.smudge "$(lfs_filter)" && git config filter.lfs.clean "sh '$scripts/git-lfs.sh' clean" &&
    git config filter.lfs.required false
}
