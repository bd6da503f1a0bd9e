# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # Variables and callers are in the scripts that read it.
# What an agent gets beside its prompt, as files. Needs common.sh.

# Files that the agent reads when it starts: a line for each, its path below the home directory first.
write_files() {
  [ -n "${AGENT_FILES:-}" ] || return 0
  printf '%s\n' "$AGENT_FILES" | while read -r path text; do
    [ -n "$path" ] || continue
    mkdir -p "$HOME/$(dirname "$path")"
    printf '%s\n' "$text" >"$HOME/$path"
  done
  unset AGENT_FILES
}

# The system prompt, and the repository's instructions as plain text for an agent that must not read its
# other configuration.
find_instructions() {
  AGENT_INSTRUCTIONS=$private/instructions.md
  if [ -n "${AGENT_INSTRUCTION_PATH:-}" ]; then
    AGENT_INSTRUCTIONS=$HOME/$AGENT_INSTRUCTION_PATH
    mkdir -p "${AGENT_INSTRUCTIONS%/*}"
  fi
  export AGENT_INSTRUCTIONS
  add_instructions "${AGENT_SYSTEM_PROMPT:-}"
  take_user_instructions
  unset AGENT_SYSTEM_PROMPT AGENT_SHARED_INSTRUCTIONS AGENT_USER_INSTRUCTIONS
  take_repository_instructions
}

take_repository_instructions() {
  : >"$private/repository.md"
  : >"$private/taken"
  for file in ${AGENT_INSTRUCTION_FILES:-}; do
    if repository_file "$file" >/dev/null; then
      add_repository_file "$file" 0
      break
    fi
  done
  [ ! -s "$private/repository.md" ] || cat "$private/repository.md" >>"$AGENT_INSTRUCTIONS"
}

# repository_file PATH: the real path of a regular file of this checkout; none for a link that leads elsewhere.
repository_file() {
  [ -f "$1" ] || return 1
  real=$(readlink -f -- "$1") || return 1
  case $real in
    "$work"/.git/*) return 1 ;;
    "$work"/*) printf '%s\n' "$real" ;;
    *) return 1 ;;
  esac
}

# add_repository_file PATH DEPTH: what it says, once, then what its imports say. Read by a program that has
# nothing of its own to say, should the path lead to it after all.
add_repository_file() (
  file=$(repository_file "$1") || exit 0
  ! grep -q -x -F -e "$file" "$private/taken" || exit 0
  [ "$(wc -l <"$private/taken")" -lt 100 ] || {
    : >"$private/enough"
    exit 0
  }
  printf '%s\n' "$file" >>"$private/taken"
  room=$((${AGENT_INSTRUCTION_BYTES:-262144} - $(wc -c <"$private/repository.md")))
  [ "$room" -gt 0 ] || exit 0
  env -i "PATH=$PATH" head -c "$room" "$file" >"$private/part$2"
  { cat "$private/part$2" && echo; } >>"$private/repository.md"
  [ -n "${AGENT_INSTRUCTION_IMPORTS:-}" ] && [ "$2" -lt 5 ] || exit 0
  directory=${file%/*}
  # Names of nothing cost no process: a checkout may have very many.
  imported_paths <"$private/part$2" | while IFS= read -r path && [ ! -e "$private/enough" ]; do
    case $path in
      /*) ;;
      *) path=$directory/$path ;;
    esac
    [ -f "$path" ] || continue
    add_repository_file "$path" $(($2 + 1))
  done
)

# Reads Markdown, writes the path of each import as claude finds them: not in code, not in comments.
imported_paths() {
  LC_ALL=C awk '
    /^ ? ? ?(```|~~~)/ { fenced = !fenced; next }
    fenced { next }
    /^(    |\t)/ && (blank || NR == 1) { next }
    { blank = /^[ \t]*$/ }
    {
      if (commented) {
        if (!sub(/^.*-->/, "")) next
        commented = 0
      }
      gsub(/<!--([^-]|-[^-])*-->/, " ")
      if (sub(/<!--.*$/, "")) commented = 1
      gsub(/`+[^`]*`+/, " ")
      gsub(/\\ /, "\001")
      for (i = 1; i <= NF; i++) {
        if ($i !~ /^@[A-Za-z0-9._\/-]/) continue
        path = substr($i, 2)
        sub(/[#\\].*$/, "", path)
        gsub(/\001/, " ", path)
        if (path != "" && path != "/" && !(path in seen) && count++ < 100) print path
        seen[path]
      }
    }'
}

# What the option for instructions is given: their file, or a setting with what it holds, as a string of TOML
# and short enough for an argument.
instructions_argument() {
  if [ -z "${AGENT_INSTRUCTION_KEY:-}" ]; then
    printf '%s' "$AGENT_INSTRUCTIONS"
    return
  fi
  printf '%s="""\n' "$AGENT_INSTRUCTION_KEY"
  toml_text <"$AGENT_INSTRUCTIONS"
  printf '"""'
}

# Without control characters, and with a question mark for what is no UTF-8: an argument must be.
toml_text() {
  LC_ALL=C tr -d '\000-\010\013-\037\177' | LC_ALL=C awk '
    BEGIN {
      room = 120000
      for (code = 128; code < 256; code++) byte[sprintf("%c", code)] = code
    }
    # Bytes that follow the first one of a character; -1: it is none.
    function following(place, first, second, count, i, next_byte) {
      first = byte[substr($0, place, 1)]
      count = first < 194 ? -1 : first < 224 ? 1 : first < 240 ? 2 : first < 245 ? 3 : -1
      for (i = 1; i <= count; i++) {
        next_byte = byte[substr($0, place + i, 1)]
        if (next_byte < 128 || next_byte > 191) return -1
      }
      second = byte[substr($0, place + 1, 1)]
      if (first == 224 && second < 160 || first == 237 && second > 159) return -1
      if (first == 240 && second < 144 || first == 244 && second > 143) return -1
      return count
    }
    {
      size = length($0)
      for (place = 1; place <= size; place++) {
        character = substr($0, place, 1)
        if (character == "\\" || character == "\"") character = "\\" character
        if (character in byte) {
          more = following(place)
          character = more < 0 ? "?" : substr($0, place, more + 1)
          if (more > 0) place += more
        }
        room -= length(character)
        if (room < 0) exit
        printf "%s", character
      }
      if (--room < 0) exit
      print ""
    }'
}

add_instructions() {
  [ -z "$1" ] || printf '%s\n\n' "$1" >>"$AGENT_INSTRUCTIONS"
}

# Into the agent's own file; if that is not this run's alone, to what comes with the system prompt.
take_user_instructions() {
  shared=${AGENT_SHARED_INSTRUCTIONS:-}
  [ -z "${AGENT_SHARED_INSTRUCTIONS_FILE:-}" ] || shared=$(cat "$AGENT_SHARED_INSTRUCTIONS_FILE")
  given=${AGENT_USER_INSTRUCTIONS:-}
  [ -z "${AGENT_USER_INSTRUCTIONS_FILE:-}" ] || given=$(cat "$AGENT_USER_INSTRUCTIONS_FILE")
  [ -z "$shared" ] || given=$shared${given:+$line_feed$line_feed$given}
  if [ -n "$given" ] && [ -n "${AGENT_USER_INSTRUCTIONS_TARGET:-}" ]; then
    mkdir -p "$HOME/$(dirname "$AGENT_USER_INSTRUCTIONS_TARGET")"
    printf '%s\n' "$given" >"$HOME/$AGENT_USER_INSTRUCTIONS_TARGET"
  else
    add_instructions "$given"
  fi
}

# Skills as the agent's user would put them. What is mounted are links, and none of them leads to a folder.
put_skills() {
  [ -n "${AGENT_SKILLS_TARGET:-}" ] || return 0
  for skill in "$AGENT_SKILLS"/*; do
    target=$HOME/$AGENT_SKILLS_TARGET/${skill##*/}
    rm -rf "$target"
    mkdir -p "$target"
    for file in "$skill"/*; do
      cp -L "$file" "$target/${file##*/}"
    done
  done
}
