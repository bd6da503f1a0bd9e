# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # Variables and callers are in the scripts that read it.
# Values of variables as the agent must get them. Needs common.sh.

# Keys without the line feed that a file of them ends with.
trim_keys() {
  carriage_return=$(printf '\r')
  for name in ${AGENT_KEY_NAMES:-}; do
    eval "value=\${$name-}"
    while :; do
      case $value in
        *"$line_feed" | *"$carriage_return") value=${value%?} ;;
        *) break ;;
      esac
    done
    [ -z "$value" ] || export "$name=$value"
  done
}

# For each name a variable with its value in the form that the agent's configuration wants. A secret stays one.
quote_values() {
  for name in ${AGENT_QUOTED_NAMES:-}; do
    eval "value=\${$name-}"
    quoted=$(printf '%s\n' "$value" | "quote_for_$AGENT_QUOTES" && printf .)
    export "AGENT_QUOTED_$name=${quoted%??}"
    case " ${AGENT_SECRET_NAMES:-} " in
      *" $name "*) AGENT_SECRET_NAMES="$AGENT_SECRET_NAMES AGENT_QUOTED_$name" ;;
    esac
  done
}

# Also a brace, by which the configuration's references begin.
quote_for_json() {
  LC_ALL=C awk '
    BEGIN {
      for (code = 1; code < 32; code++) form[sprintf("%c", code)] = sprintf("\\u%04x", code)
      form["\\"] = "\\\\"
      form["\""] = "\\\""
      form["{"] = "\\u007b"
    }
    {
      if (NR > 1) printf "%s", "\\n"
      for (place = 1; place <= length($0); place++) {
        character = substr($0, place, 1)
        printf "%s", character in form ? form[character] : character
      }
    }
    END { print "" }'
}

quote_for_braces() {
  # shellcheck disable=SC2016 # It is this text.
  sed 's/\${/${AGENT_NOTHING:-$}{/g'
}

quote_for_dollar() {
  # shellcheck disable=SC2016 # It is this character.
  sed 's/\$/\\$/g'
}
