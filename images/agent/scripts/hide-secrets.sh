# shellcheck shell=sh disable=SC2154,SC2317 # Variables and callers are in the scripts that read it.
# Keeps the values of secret variables and files out of what is written. Needs common.sh and hide-secrets.awk.
# The list of secrets is in this shell's memory and goes to awk ahead of the text: no file that an agent could
# change decides what is hidden.

# collect_secrets: sets `hidden` to their lines, also as they are in JSON. A line of fewer than eight characters
# would be found in ordinary words, and one of punctuation rules off parts of other texts.
collect_secrets() {
  # No text can have it by accident.
  mark=agent-operator-${private##*.}-$$
  hidden=$(secret_files | secret_lines)
  # mawk would hold lines back until it has read some thousand bytes.
  line_by_line=
  case $(awk -W version 2>&1 </dev/null) in
    mawk*) line_by_line="-W interactive" ;;
  esac
}

# Text of secret files. Of the Secrets, what is more than punctuation.
secret_files() {
  for file in ${AGENT_SECRET_FILES:-} ${AGENT_GIT_CREDENTIALS:+"$AGENT_GIT_CREDENTIALS/credential"}; do
    [ ! -f "$file" ] || tr -d '\000' <"$file" | LC_ALL=C awk '/[^ -\/:-@[-`{-~]/'
  done
  [ ! -s "$private/secrets" ] || cat "$private/secrets"
}

# Reads secrets, writes each line of them and of the secret variables once, and as it is in JSON.
secret_lines() {
  LC_ALL=C names=${AGENT_SECRET_NAMES:-} awk '
    function learn(line) {
      gsub(/\r/, "", line)
      gsub(/^[ \t\v\f]+|[ \t\v\f]+$/, "", line)
      if (length(line) < 8) return
      once(line)
      gsub(/["\\]/, "\\\\&", line)
      gsub(/\t/, "\\t", line)
      once(line)
    }
    function once(line) {
      if (!(line in seen)) print line
      seen[line] = 1
    }
    BEGIN {
      count = split(ENVIRON["names"], name, " ")
      for (i = 1; i <= count; i++) {
        lines = split(ENVIRON[name[i]], line, "\n")
        for (j = 1; j <= lines; j++) learn(line[j])
      }
    }
    { learn($0) }'
}

# shows_secret TEXT
shows_secret() {
  separators=$IFS
  IFS=$line_feed
  set -f
  found=
  for secret in $hidden; do
    case $1 in
      *"$secret"*)
        found=1
        break
        ;;
    esac
  done
  set +f
  IFS=$separators
  [ -n "$found" ]
}

# Reads a stream as it comes and writes it in pieces, each with the mark and a newline at its end: awk gets no line
# of any length at once, and no NUL byte, at which most of them would stop. The shell drops those.
in_pieces() {
  while piece=$(LC_ALL=C dd bs=65536 count=1 2>&1); do
    text=${piece%[01]+[01] records in*}
    case $piece in
      0+0*) [ -n "$text" ] || break ;;
    esac
    printf '%s%s\n' "$text" "$mark"
  done 2>/dev/null
}

# What mask reads first.
secrets_first() {
  printf '%s\n%s\n' "$hidden" "$mark"
}

# mask OPTION...: an awk with hide-secrets.awk and what the options name beside it.
mask() {
  # shellcheck disable=SC2086 # Two words or none.
  LC_ALL=C awk $line_by_line -v mark="$mark" -f "$scripts/hide-secrets.awk" "$@"
}

# Reads text, writes it with `***` in place of every secret.
hide_secrets() {
  { secrets_first && in_pieces; } | mask -f "$scripts/show.awk"
}

# hide_secrets_of FILE: writes what is in it, byte for byte as it is if it holds no secret.
hide_secrets_of() {
  tr -d '\000' <"$1" | LC_ALL=C grep -a -q -F -e "${hidden:-$mark}" 2>/dev/null
  case $? in
    1) cat "$1" ;;
    *) hide_secrets <"$1" ;;
  esac
}
