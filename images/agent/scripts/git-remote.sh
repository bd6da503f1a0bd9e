# shellcheck shell=sh disable=SC2154,SC2317 # Variables and callers are in the scripts that read it.
# How git talks to the repository's remote, and what it tries again. Needs common.sh and git-credentials.sh.

# exec_remote_git ARGUMENT...: git that may talk to the remote, for `limit` seconds if that is set;
# replaces the (sub)shell.
exec_remote_git() {
  # Transports of the grammar of URLs and no other, also for submodules. The variable would win over them.
  unset GIT_ALLOW_PROTOCOL
  set -- -c protocol.allow=never -c protocol.https.allow=always -c protocol.http.allow=always \
    -c protocol.ssh.allow=always -c protocol.git.allow=always -c protocol.file.allow=user "$@"
  # No collection of garbage: where objects are shared, refs elsewhere may need what none here does.
  set -- -c core.askPass= -c core.hooksPath=/dev/null \
    -c gc.auto=0 -c maintenance.auto=false -c http.lowSpeedLimit=1000 -c http.lowSpeedTime=60 \
    -c credential.helper= -c "credential.helper=$credential_helper" "$@"
  if [ -n "$certificates" ] && [ -n "$origin" ]; then
    set -- -c "http.$origin/.sslCAInfo=$certificates" "$@"
  fi
  exec ${limit:+timeout "$limit"} git "$@"
}

# Reads git's messages, writes them without secrets: those of the Secret, and any user part of a URL. A short secret is
# found in ordinary words: one of fewer than eight characters is hidden if it is a word, and a letter or three never.
scrub() {
  collect_git_secrets
  awk '
    function is_secret(text, at, size) {
      if (size >= 8) return 1
      return substr(" " text, at, 1) !~ /[A-Za-z0-9]/ && substr(text, at + size, 1) !~ /[A-Za-z0-9]/
    }
    secrets { if (length($0) > 3) secret[++count] = $0; next }
    {
      for (i = 1; i <= count; i++) {
        clean = ""
        rest = $0
        size = length(secret[i])
        while ((at = index(rest, secret[i])) > 0) {
          hidden = is_secret(clean rest, length(clean) + at, size) ? "***" : secret[i]
          clean = clean substr(rest, 1, at - 1) hidden
          rest = substr(rest, at + size)
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
    -e '\[(401|403|404|410|422)\]|returned error: (400|401|403|404|410)|host key verification failed|no matching host key' \
    -e 'ssl certificate|certificate verif|transport .* not allowed|unable to find remote helper|protocol .* is not supported' \
    -e 'ssh needs an entry for uid' \
    -e 'no space left|read-only file system|invalid refspec|mismatched algorithms|dubious ownership' "$1"
}

# attempt COMMAND...: tries again after `pauses` if the network failed. 64: permanent; message: what
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
