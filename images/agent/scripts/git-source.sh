# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # Variables and callers are in the scripts that read it.
# What is fetched from the repository's remote, into the repository that GIT_DIR names. Needs common.sh,
# git-credentials.sh and git-remote.sh.

fetch_refs() {
  exec_remote_git fetch -q --no-tags --force "$@"
}

list_head() {
  exec_remote_git ls-remote --symref -- "$url" HEAD
}

list_heads() {
  exec_remote_git ls-remote --heads -- "$url"
}

# branch: what the remote's HEAD names; commit: if it names none. Both empty for a repository without commits.
find_default_branch() {
  must list_head >"$private/head"
  branch=
  commit=
  while IFS=$tab read -r value name; do
    case $name:$value in
      "HEAD:ref: refs/heads/"*) branch=${value#ref: refs/heads/} ;;
      HEAD:*[!0-9a-f]*) ;;
      HEAD:*) commit=$value ;;
    esac
  done <"$private/head"
  if [ -n "$commit" ]; then
    [ -z "$branch" ] || commit=
    return
  fi
  # HEAD names a branch that is not there.
  named=$branch
  must list_heads >"$private/heads"
  sed -i 's,^[^[:space:]]*[[:space:]]*refs/heads/,,' "$private/heads"
  branch=
  [ "$(wc -l <"$private/heads")" -lt 2 ] || fail 64 "the HEAD of $url names ${named:-a branch} that does not exist: set the branch; there are: $(head -n 30 "$private/heads" | tr '\n' ' ' | sed 's/ $//')"
  branch=$(cat "$private/heads")
}

# fetch_shallow REFSPEC: one commit deep, or all of it from a server that cannot cut.
fetch_shallow() {
  attempt fetch_refs --depth 1 -- "$url" "$1"
  result=$?
  if [ "$result" != 0 ] && grep -q 'does not support shallow' "$private/error"; then
    must fetch_refs -- "$url" "$1"
    return 0
  fi
  return "$result"
}

fetch_branch() {
  fetch_shallow "+refs/heads/$1:refs/remotes/origin/$1" || fail "$?" "$message"
}

# By id; everything from a server that gives no single commits, or for a shortened id.
fetch_commit() {
  if [ "${#commit}" -ge 40 ] && fetch_shallow "$commit"; then
    return
  fi
  must fetch_refs --depth 2147483647 -- "$url" '+refs/heads/*:refs/remotes/origin/*' '+refs/tags/*:refs/tags/*'
  git rev-parse -q --verify "$commit^{commit}" >/dev/null || fail 64 "commit $commit is not in $url"
}

# start: the commit to check out, empty if there is none; work_start: that of the worktree.
fetch_wanted() {
  [ -n "$branch$commit" ] || find_default_branch
  if [ -n "$commit" ]; then
    fetch_commit
    start=$commit
  elif [ -n "$branch" ]; then
    fetch_branch "$branch"
    start=refs/remotes/origin/$branch
  else
    start=
    return
  fi
  start=$(git rev-parse -q --verify "$start^{commit}")
  work_start=$start
  if [ -n "$source_branch" ]; then
    fetch_branch "$source_branch"
    work_start=$(git rev-parse -q --verify "refs/remotes/origin/$source_branch^{commit}")
  fi
}

# Every branch with its whole history; branch: the one that is checked out, else commit.
fetch_everything() {
  must fetch_refs --prune -- "$url" '+refs/heads/*:refs/remotes/origin/*' '+refs/tags/*:refs/tags/*'
  wanted=$branch
  find_default_branch
  [ -z "$branch" ] || git symbolic-ref refs/remotes/origin/HEAD "refs/remotes/origin/$branch"
  branch=${wanted:-$branch}
  start=$commit
  [ -n "$branch" ] || return 0
  start=$(git rev-parse -q --verify "refs/remotes/origin/$branch^{commit}") ||
    fail 64 "branch $branch is not in $url; there are: $(git for-each-ref --format='%(refname:lstrip=3)' refs/remotes/origin | grep -v '^HEAD$' | head -n 30 | tr '\n' ' ')"
}

say_start() {
  if [ -n "$1" ]; then
    say "$url: $(git log -1 --format='%h %s' "$1" -- | head -c 200)"
  else
    say "$url has no commits yet"
  fi
}

update_submodules() {
  directory=$1
  shift
  exec_remote_git -C "$directory" submodule --quiet update --init --recursive "$@"
}
