#!/bin/sh
# What the mounted credential of a repository is, read anew at each call: the Secret may have changed.
#   sh git-credential.sh DIRECTORY kind      empty, key, locked (a key with a passphrase), store or word
#   sh git-credential.sh DIRECTORY secrets   the lines that must not be shown
#   sh git-credential.sh DIRECTORY key       the SSH key
#   sh git-credential.sh DIRECTORY get       answers git, for the host of the repository and no other
# DIRECTORY/mounted names the directory of the mounted file, DIRECTORY/origin is scheme://host[:port].
set -u
LC_ALL=C
export LC_ALL
directory=$1
origin=$(cat "$directory/origin")
bom=$(printf '\357\273\277')

# The lines without what editors, Windows and `echo` add.
text=$(tr -d '\000\r' <"$(cat "$directory/mounted")/credential" |
  sed "1s/^$bom//; s/^[[:space:]]*//; s/[[:space:]]*\$//; /^\$/d")

lines() {
  printf '%s\n' "$text"
}

kind=word
case $text in
  '') kind=empty ;;
  *'-----BEGIN ENCRYPTED PRIVATE KEY-----'* | *'Proc-Type: 4,ENCRYPTED'*) kind=locked ;;
  # What OpenSSH's own format begins with if neither a cipher nor a passphrase is used.
  *'-----BEGIN OPENSSH PRIVATE KEY-----'*b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ*) kind=key ;;
  *'-----BEGIN OPENSSH PRIVATE KEY-----'*b3BlbnNzaC1rZXktdjEA*) kind=locked ;;
  *'-----BEGIN '*'PRIVATE KEY-----'*) kind=key ;;
  *://*@*) ! lines | grep -q -i -E '^https?://[^/]*@' || kind=store ;;
esac

# store FILE: a credential store as git reads it. A user without a password is a token.
store() {
  lines | awk '
    match($0, /^[Hh][Tt][Tt][Pp][Ss]?:\/\//) {
      scheme = tolower(substr($0, 1, RLENGTH))
      rest = substr($0, RLENGTH + 1)
      path = ""
      if (slash = index(rest, "/")) {
        path = substr(rest, slash)
        rest = substr(rest, 1, slash - 1)
      }
      for (at = length(rest); at > 0 && substr(rest, at, 1) != "@"; at--) ;
      if (at == 0) next
      user = substr(rest, 1, at - 1)
      gsub(/@/, "%40", user)
      if (!index(user, ":")) user = user ":"
      print scheme user "@" tolower(substr(rest, at + 1)) path
    }' >"$1"
}

# from_store USER: that user of the host, else any.
from_store() {
  file=$(mktemp "$directory/store.XXXXXX") || exit 1
  trap 'rm -f "$file"' EXIT
  store "$file"
  request="protocol=${origin%%://*}
host=$(printf '%s' "${origin#*://}" | tr '[:upper:]' '[:lower:]')"
  answer=
  [ -z "$1" ] || answer=$(printf '%s\nusername=%s\n\n' "$request" "$1" | git credential-store --file "$file" get)
  [ -n "$answer" ] || answer=$(printf '%s\n\n' "$request" | git credential-store --file "$file" get)
  [ -z "$answer" ] || printf '%s\n' "$answer"
}

# What a host wants beside a token that comes without a user.
user_for_token() {
  case $origin in
    *bitbucket*) echo x-token-auth ;;
    *gitlab*) echo oauth2 ;;
    *) echo x-access-token ;;
  esac
}

# from_word USER: USER is the URL's own, or empty.
from_word() {
  word=$(lines | head -n 1)
  host=${origin#*://}
  case $word in
    *"@$host") word=${word%"@$host"} at_host=true ;;
    *"@${host%:*}") word=${word%"@${host%:*}"} at_host=true ;;
    *) at_host= ;;
  esac
  case $word in
    *:*)
      user=${word%%:*}
      user=${user:-$1}
      password=${word#*:}
      ;;
    *)
      password=$word
      user=${1:-$(user_for_token)}
      if [ -n "$at_host" ]; then
        user=$word
        password=
      fi
      ;;
  esac
  printf 'username=%s\npassword=%s\n' "$user" "$password"
}

# answer USER
answer() {
  case $kind in
    store) from_store "$1" ;;
    word) from_word "$1" ;;
  esac
}

# basic USER: the answer as HTTP carries it, without its padding: a server that repeats a request has it so.
basic() {
  answer "$1" | sed -n '/^username=/h; /^password=/ { H; g; s/^username=//; s/\npassword=/:/; p; }' | while IFS= read -r pair; do
    printf '%s' "$pair" | base64 2>/dev/null | tr -d '\n='
    echo
  done
}

# The user of the repository's URL, if it names one.
url_user() {
  printf '%s\n' "${AGENT_REPOSITORY_URL:-}" | sed -n 's,^https*://\([^/@]*\)@.*,\1,p'
}

case $2 in
  kind) echo "$kind" ;;
  key) lines ;;
  secrets)
    case $kind in
      key | locked) lines | grep -v -e '^-----' ;;
      store)
        store /dev/stdout | sed -n 's,^https*://\([^/@]*\):@.*,\1,p; s,^https*://[^/@:]*:\([^/@]*\)@.*,\1,p'
        answer '' | sed -n 's/^password=//p'
        ;;
      word)
        answer '' | sed -n '/^username=/h; s/^password=\(.\)/\1/p; /^password=$/ { g; s/^username=//p; }'
        lines | head -n 1
        ;;
    esac | sed '/^$/d'
    case $kind in
      store | word) { basic '' && basic "$(url_user)"; } | sort -u | sed '/^$/d' ;;
    esac
    ;;
  get)
    protocol=
    host=
    username=
    while IFS='=' read -r name value; do
      case $name in
        protocol) protocol=$value ;;
        host) host=$value ;;
        username) username=$value ;;
        '') break ;;
      esac
    done
    [ "$protocol://$host" != "$origin" ] || answer "$username"
    ;;
esac
