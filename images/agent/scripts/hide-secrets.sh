# shellcheck shell=sh disable=SC2154,SC2317 # Variables and callers are in the scripts that read it.
# Keeps the values of secret variables and files out of what is written. Needs common.sh.

# collect_secrets: their lines, also as they stand in JSON. A short one would be found in ordinary words, and
# a line that rules off a part of a text in other texts.
collect_secrets() {
  {
    for name in ${AGENT_SECRET_NAMES:-}; do
      printenv "$name"
    done
    for file in ${AGENT_SECRET_FILES:-}; do
      [ ! -f "$file" ] || LC_ALL=C awk '/[^ -\/:-@[-`{-~]/' "$file"
    done
    [ ! -s "${private}/secrets" ] || cat "$private/secrets"
  } | tr -d '\r' | sed 's/^[[:space:]]*//; s/[[:space:]]*$//' | awk 'length($0) >= 8' >"$private/values"
  tab=$(printf '\t')
  {
    cat "$private/values"
    sed "s/\\\\/\\\\\\\\/g; s/\"/\\\\\"/g; s/$tab/\\\\t/g" "$private/values"
  } | sort -u >"$private/hidden"
  rm -f "$private/values"
  # mawk would hold lines back until it has read some thousand bytes.
  line_by_line=
  case $(awk -W version 2>&1 </dev/null) in
    mawk*) line_by_line="-W interactive" ;;
  esac
}

# Reads text, writes it with `***` in place of every secret, line by line. Very many secrets are looked up by
# how they begin, so that the time does not grow with their number.
hide_secrets() {
  if [ ! -s "$private/hidden" ]; then
    exec cat
  fi
  # shellcheck disable=SC2086 # Two words or none.
  LC_ALL=C exec awk $line_by_line -v hidden="$private/hidden" '
    function holds(line, i) {
      if (count > 500) return 1
      for (i = 1; i <= count; i++) if (index(line, secrets[i])) return 1
      return 0
    }
    # Characters of the longest secret that stands at this place.
    function length_at(line, place, begin, which, i, n, longest) {
      begin = substr(line, place, 8)
      if (!(begin in starting)) return 0
      n = split(starting[begin], which, " ")
      longest = 0
      for (i = 1; i <= n; i++)
        if (length(secrets[which[i]]) > longest && substr(line, place, length(secrets[which[i]])) == secrets[which[i]])
          longest = length(secrets[which[i]])
      return longest
    }
    function hide(line, clean, covered, place, last, found) {
      clean = ""
      covered = 0
      last = length(line) - 7
      for (place = 1; place <= last; place++) {
        found = length_at(line, place)
        if (found == 0) continue
        if (place > covered) clean = clean substr(line, covered + 1, place - covered - 1) "***"
        if (place + found - 1 > covered) covered = place + found - 1
      }
      return clean substr(line, covered + 1)
    }
    BEGIN {
      while ((getline secret < hidden) > 0) {
        secrets[++count] = secret
        starting[substr(secret, 1, 8)] = starting[substr(secret, 1, 8)] " " count
      }
    }
    {
      print holds($0) ? hide($0) : $0
      fflush()
    }'
}
