# shellcheck shell=sh disable=SC2154,SC2317 # Variables and callers are in the files it is joined with.
# Keeps the values of secret variables out of what is written. Needs common.sh.

# collect_secrets: their lines, also as they stand in JSON. A short one would be found in ordinary words.
collect_secrets() {
  : >"$private/hidden"
  for name in ${AGENT_SECRET_NAMES:-}; do
    printenv "$name"
  done | tr -d '\r' | awk 'length($0) >= 8' >"$private/values"
  [ ! -s "${private}/secrets" ] || awk 'length($0) >= 8' "$private/secrets" >>"$private/values"
  {
    cat "$private/values"
    sed 's/\\/\\\\/g; s/"/\\"/g' "$private/values"
  } | sort -u >"$private/hidden"
  rm -f "$private/values"
  # mawk would hold lines back until it has read some thousand bytes.
  line_by_line=
  case $(awk -W version 2>&1 </dev/null) in
    mawk*) line_by_line="-W interactive" ;;
  esac
}

# Reads text, writes it with `***` in place of every secret, line by line.
hide_secrets() {
  if [ ! -s "$private/hidden" ]; then
    exec cat
  fi
  # shellcheck disable=SC2086 # Two words or none.
  LC_ALL=C exec awk $line_by_line -v hidden="$private/hidden" '
    BEGIN {
      while ((getline secret < hidden) > 0) secrets[++count] = secret
    }
    {
      for (i = 1; i <= count; i++) {
        if (index($0, secrets[i]) == 0) continue
        clean = ""
        rest = $0
        while ((at = index(rest, secrets[i])) > 0) {
          clean = clean substr(rest, 1, at - 1) "***"
          rest = substr(rest, at + length(secrets[i]))
        }
        $0 = clean rest
      }
      print
      fflush()
    }'
}
