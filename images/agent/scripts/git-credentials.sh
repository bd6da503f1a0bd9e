# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # Variables and callers are in the scripts that read it.
# What git needs to reach the repository's remote: credentials by shape, certificates. Needs common.sh.

# A helper that answers only for the host of the repository. Its files stand beside it.
write_credential_helper() {
  cat >"$private/helper" <<'HELPER'
[ "$1" = get ] || exit 0
directory=${0%/*}
protocol=
host=
while IFS='=' read -r key value; do
  case $key in
    protocol) protocol=$value ;;
    host) host=$value ;;
    '') break ;;
  esac
done
[ "$protocol://$host" = "$(cat "$directory/origin")" ] || exit 0
if [ -f "$directory/store" ]; then
  printf 'protocol=%s\nhost=%s\n\n' "$protocol" "$host" | git credential-store --file "$directory/store" get
else
  cat "$directory/answer"
fi
HELPER
  printf '%s' "$origin" >"$private/origin"
  credential_helper="!sh '$private/helper'"
}

# origin: scheme://host[:port] of an http(s) URL, without a user; empty for every other form.
find_origin() {
  origin=
  case $AGENT_REPOSITORY_URL in
    http://* | https://*)
      origin=${AGENT_REPOSITORY_URL#*://}
      origin=${origin%%/*}
      origin=${AGENT_REPOSITORY_URL%%://*}://${origin##*@}
      ;;
  esac
}

# user_for_token: what a host wants beside a token that comes without a user.
user_for_token() {
  case $origin in
    *bitbucket*) printf 'x-token-auth' ;;
    *gitlab*) printf 'oauth2' ;;
    *) printf 'x-access-token' ;;
  esac
}

# read_credential FILE: an SSH key, credential-store lines, user:token or a token alone.
read_credential() {
  if grep -q -e '-----BEGIN .*PRIVATE KEY-----' "$1"; then
    tr -d '\r' <"$1" >"$private/key"
    printf '\n' >>"$private/key"
    chmod 600 "$private/key"
    ssh_key=$private/key
    return
  fi
  [ -n "$origin" ] || return 0
  write_credential_helper
  if grep -q -E '^https?://[^/@]*:[^/@]*@' "$1"; then
    tr -d '\r' <"$1" >"$private/store"
    sed -n 's,^https*://[^/@:]*:\([^/@]*\)@.*,\1,p' "$private/store" >"$private/secrets"
    return
  fi
  tr -d '\r\n' <"$1" >"$private/credential"
  if grep -q -E '^[^:[:space:]]+:' "$private/credential"; then
    user=$(cut -d : -f 1 "$private/credential")
    cut -d : -f 2- "$private/credential" >"$private/secrets"
  else
    user=$(user_for_token)
    cp "$private/credential" "$private/secrets"
  fi
  {
    printf 'username=%s\npassword=' "$user"
    cat "$private/secrets"
    printf '\n'
  } >"$private/answer"
}

# Sets credential_helper, certificates and GIT_SSH_COMMAND from the mounted files.
prepare_remote() {
  credential_helper=
  ssh_key=
  : >"$private/secrets"
  find_origin
  if [ -n "${AGENT_GIT_CREDENTIALS:-}" ]; then
    read_credential "$AGENT_GIT_CREDENTIALS/credential"
  fi
  certificates=
  if [ -n "${AGENT_GIT_CA:-}" ]; then
    certificates=$AGENT_GIT_CA/ca.crt
  fi
  prepare_ssh
}

# Known hosts of the Secret are binding; else the first key seen is kept with the run.
# shellcheck disable=SC2089,SC2090 # git gives the text to a shell, which reads the quotes.
prepare_ssh() {
  known_hosts=$RUN_DIR/known_hosts
  checking=accept-new
  if [ -s "${AGENT_GIT_KNOWN_HOSTS:-}/known_hosts" ]; then
    known_hosts=$AGENT_GIT_KNOWN_HOSTS/known_hosts
    checking=yes
  fi
  GIT_SSH_COMMAND="ssh -F /dev/null -o BatchMode=yes -o ConnectTimeout=30 -o ServerAliveInterval=15 -o StrictHostKeyChecking=$checking -o UserKnownHostsFile='$known_hosts'"
  if [ -n "$ssh_key" ]; then
    GIT_SSH_COMMAND="$GIT_SSH_COMMAND -o IdentitiesOnly=yes -i '$ssh_key'"
  fi
  export GIT_SSH_COMMAND
}
