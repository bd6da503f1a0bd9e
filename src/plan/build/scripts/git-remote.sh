# shellcheck shell=sh disable=SC2154,SC2317 # Variables and callers are in the files it is joined with.
# How git reaches the repository's remote: credentials by shape, certificates, tries. Needs common.sh.

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

# exec_remote_git ARGUMENT...: git that may talk to the remote, for `limit` seconds where that is set;
# replaces the (sub)shell.
exec_remote_git() {
  # No collection of garbage: where objects are shared, refs elsewhere may need what none here does.
  set -- -c protocol.ext.allow=never -c core.askPass= -c core.hooksPath=/dev/null \
    -c gc.auto=0 -c maintenance.auto=false -c http.lowSpeedLimit=1000 -c http.lowSpeedTime=60 \
    -c credential.helper= -c "credential.helper=$credential_helper" "$@"
  if [ -n "$certificates" ] && [ -n "$origin" ]; then
    set -- -c "http.$origin/.sslCAInfo=$certificates" "$@"
  fi
  exec ${limit:+timeout "$limit"} git "$@"
}

# Reads git's messages, writes them without secrets: those of the Secret, and any user part of a URL.
scrub() {
  awk '
    secrets { if (length($0) > 0) secret[++count] = $0; next }
    {
      for (i = 1; i <= count; i++) {
        clean = ""
        rest = $0
        while ((at = index(rest, secret[i])) > 0) {
          clean = clean substr(rest, 1, at - 1) "***"
          rest = substr(rest, at + length(secret[i]))
        }
        $0 = clean rest
      }
      print
    }' secrets=1 "$private/secrets" secrets=0 - | sed 's,://[^/@ ]*@,://,g'
}

# is_permanent FILE: git said something that another try will not change.
is_permanent() {
  grep -q -i -E \
    -e "couldn't find remote ref|not our ref|unadvertised object|no such remote|remote branch .* not found" \
    -e 'repository .*not found|does not appear to be a git repository|does not exist|not a git repository' \
    -e 'authentication failed|could not read (username|password)|permission denied|access denied|forbidden' \
    -e 'returned error: (400|401|403|404|410)|host key verification failed|no matching host key' \
    -e 'ssl certificate|certificate verif|transport .* not allowed|unable to find remote helper|protocol .* is not supported' \
    -e 'no space left|read-only file system|invalid refspec|mismatched algorithms|dubious ownership' "$1"
}

# stoppable COMMAND...: runs it so that TERM is obeyed at once.
stoppable() {
  ("$@") &
  child=$!
  trap 'kill "$child" 2>/dev/null; exit 143' TERM INT
  wait "$child"
  ended=$?
  trap - TERM INT
  return "$ended"
}

# attempt COMMAND...: tries again after `pauses` where the network failed. 64: permanent; message: what
# git said, scrubbed.
attempt() {
  for pause in ${pauses:-2 5 0}; do
    stoppable "$@" 2>"$private/error" && return 0
    message=$(scrub <"$private/error" | tail -n 12)
    is_permanent "$private/error" && return 64
    [ "$pause" = 0 ] && return 1
    say "$message"
    say "trying again in $pause s"
    stoppable sleep "$pause"
  done
}

# must COMMAND...: attempt, or the end of the script with git's own words.
must() {
  attempt "$@"
  result=$?
  [ "$result" = 0 ] || fail "$result" "$message"
}
