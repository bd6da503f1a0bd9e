# shellcheck shell=sh disable=SC2154,SC2317 # Variables and callers are in the scripts that read it.
# Keeps the values of secret variables and files out of what is written. Needs common.sh and hide-secrets.awk.
# The list of secrets is in this shell's memory and goes to awk ahead of the text: no file that an agent could
# change decides what is hidden.

# collect_secrets: sets `hidden` to their lines, also as they are in JSON. A line of fewer than eight characters
# would be found in ordinary words, and one of punctuation rules off parts of other texts.
collect_secrets() {
  # No text can have it by accident.
  mark=agent-operator-${private##*.}-$$
  hidden=$(
    for name in ${AGENT_SECRET_NAMES:-}; do
      printenv "$name"
    done
    for file in ${AGENT_SECRET_FILES:-} ${AGENT_GIT_CREDENTIALS:+"$AGENT_GIT_CREDENTIALS/credential"}; do
      [ ! -f "$file" ] || tr -d '\000' <"$file" | LC_ALL=C awk '/[^ -\/:-@[-`{-~]/'
    done
    [ ! -s "$private/secrets" ] || cat "$private/secrets"
  )
  hidden=$(printf '%s\n' "$hidden" | tr -d '\r' | sed 's/^[[:space:]]*//; s/[[:space:]]*$//' | awk 'length($0) >= 8')
  hidden=$({
    printf '%s\n' "$hidden"
    printf '%s\n' "$hidden" | sed "s/\\\\/\\\\\\\\/g; s/\"/\\\\\"/g; s/$(printf '\t')/\\\\t/g"
  } | sort -u)
  # mawk would hold lines back until it has read some thousand bytes.
  line_by_line=
  case $(awk -W version 2>&1 </dev/null) in
    mawk*) line_by_line="-W interactive" ;;
  esac
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
