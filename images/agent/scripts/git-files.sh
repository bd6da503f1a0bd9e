# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # Variables and callers are in the scripts that read it.
# The files of an agent as our own git takes them. Needs common.sh and git-own.sh.

# Larger files are left out of a patch: git holds a whole one in memory, more than once.
MAX_FILE_BLOCKS=204800

# Names that end with a zero byte as lines, a line break in one as another character; and back.
as_lines() {
  LC_ALL=C tr '\000\n' '\n\001'
}

as_names() {
  LC_ALL=C tr '\n\001' '\000\n'
}

# take_files START [INDEX]: our index becomes the files of $tree, on top of that commit or tree. INDEX is one that
# nobody else could write: what is as it says is not read again. No file is run through a filter, and git is never
# started in a repository inside: $own/links has the submodules that START has.
take_files() {
  [ ! -e "$own/index" ] || rm "$own/index"
  [ ! -f "${2:-}" ] || cp -p -- "$2" "$own/index"
  own_git read-tree -m "$1" || {
    rm -f "$own/index"
    own_git read-tree "$1" || return 1
  }
  drop_links >"$own/links" || return 1
  clear_way
  if [ -s "$own/large" ]; then
    own_git add -A --ignore-errors --pathspec-from-file="$own/large" --pathspec-file-nul
  else
    own_git add -A --ignore-errors -- .
  fi 2>"$own/refused"
  drop_links >"$own/inside" && { [ ! -s "$own/links" ] || keep_links; }
}

# Removes the pipes that git would open, and lists files that are too large in $own/large, if there are any.
clear_way() {
  [ ! -e "$own/large" ] || rm "$own/large"
  (
    cd "$tree" && exec find . -type p -path '*/.git*' -exec rm -f {} + \
      -o -type f -size "+$MAX_FILE_BLOCKS" ! -path '*/.git/*' -exec printf ':(exclude,literal)%s\000' {} +
  ) >"$own/excluded" 2>/dev/null
  [ ! -s "$own/excluded" ] || printf '.\000' | cat - "$own/excluded" >"$own/large"
}

# Takes what stands for other repositories out of our index; writes `ID STAGE<tab>PATH` for each.
drop_links() {
  own_git ls-files -s | grep -q '^160000' || return 0
  own_git ls-files -s -z | as_lines | sed -n 's/^160000 //p' >"$own/dropped"
  cut -f 2- "$own/dropped" | as_names | own_git update-index -z --force-remove --stdin
  cat "$own/dropped"
  ! own_git ls-files -s | grep -q '^160000'
}

# Puts submodules back where they still are: at the commit that is checked out in them.
keep_links() {
  while IFS= read -r line; do
    path=${line#*"$tab"}
    id=$(path=$path awk -F '\t' 'substr($0, index($0, "\t") + 1) == ENVIRON["path"] { print substr($0, 1, 40) }' "$own/inside")
    path=$(printf '%s' "$path" | LC_ALL=C tr '\001' '\n')
    if [ -L "$tree/$path" ] || [ ! -d "$tree/$path" ]; then continue; fi
    if [ -z "$id" ] && [ -n "$(own_git --literal-pathspecs ls-files -- "$path" | head -n 1)" ]; then continue; fi
    own_git update-index --add --cacheinfo "160000,${id:-${line%% *}},$path"
  done <"$own/links"
}

# What of $tree is not in our index, as git quotes it, one a line: repositories, what cannot be read, what is too
# large. Files that are ignored are not meant.
left_out() {
  own_git ls-files -o -m --exclude-standard >"$own/others" 2>"$own/refused"
  [ -s "$own/others" ] || [ -s "$own/refused" ] || return 0
  {
    cat "$own/others"
    sed -n "s/^warning: could not open directory '\(.*\)': .*/\1/p" "$own/refused" | tr -d '\000-\037"\\\177-\377'
  } | sort -u
}

# patch_from START: the change from that commit or tree to our index.
patch_from() {
  own_git diff --cached --binary --no-color --no-ext-diff --no-textconv "$1"
}
