# shellcheck shell=sh disable=SC2034,SC2154,SC2317 # Variables and callers are in the scripts that read it.
# What git needs to reach the repository's remote: credentials by shape, certificates. Needs common.sh, and
# git-credential.sh and git-ssh.sh beside it.

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

# Sets credential_helper, certificates and GIT_SSH_COMMAND from the mounted files, and requires a credential
# that fits the URL.
prepare_remote() {
  credential_helper=
  : >"$private/secrets"
  find_origin
  printf '%s' "$origin" >"$private/origin"
  if [ -n "${AGENT_GIT_CREDENTIALS:-}" ]; then
    printf '%s' "$AGENT_GIT_CREDENTIALS" >"$private/mounted"
    require_credential
  fi
  certificates=
  if [ -n "${AGENT_GIT_CA:-}" ]; then
    certificates=$AGENT_GIT_CA/ca.crt
  fi
  prepare_ssh
}

require_credential() {
  what="the credential of the repository (${AGENT_GIT_CREDENTIALS_NAME:-a Secret})"
  shape=$(sh "$scripts/git-credential.sh" "$private" kind)
  case $shape:$AGENT_REPOSITORY_URL in
    empty:*) fail 64 "$what is empty" ;;
    locked:*) fail 64 "$what is an SSH key with a passphrase, which nobody is there to enter: store a key without one (ssh-keygen -p -N '' -f FILE)" ;;
    key:http://* | key:https://*) fail 64 "$what is an SSH key, but the URL begins with http: give it a token, or use an ssh URL" ;;
    key:*) : >"$private/has_key" ;;
    *:ssh://* | *:git+ssh://* | *:ssh+git://*) fail 64 "$what is no SSH private key, which an ssh URL needs" ;;
    *:http://* | *:https://*) credential_helper="!sh '$scripts/git-credential.sh' '$private'" ;;
  esac
  collect_git_secrets
}

# They may have changed since they were read last.
collect_git_secrets() {
  [ -s "$private/mounted" ] || return 0
  sh "$scripts/git-credential.sh" "$private" secrets >"$private/secrets.new" && mv "$private/secrets.new" "$private/secrets"
}

# Known hosts of the Secret are binding; else the first key seen is kept: in the store, where no agent writes,
# or with the run.
# shellcheck disable=SC2089,SC2090 # git gives the text to a shell, which reads the quotes.
prepare_ssh() {
  known_hosts=$RUN_DIR/known_hosts
  [ "${AGENT_GIT_STEP:-}" != fetch ] || known_hosts=$STORE_DIR/known_hosts
  checking=accept-new
  if [ -s "${AGENT_GIT_KNOWN_HOSTS:-}/known_hosts" ]; then
    known_hosts=$AGENT_GIT_KNOWN_HOSTS/known_hosts
    checking=yes
  fi
  printf '%s' "$known_hosts" >"$private/known_hosts"
  printf '%s' "$checking" >"$private/checking"
  GIT_SSH_COMMAND="sh '$scripts/git-ssh.sh' '$private'"
  GIT_SSH_VARIANT=ssh
  export GIT_SSH_COMMAND GIT_SSH_VARIANT
}
