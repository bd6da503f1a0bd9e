#!/bin/sh
# ssh for git: sh git-ssh.sh DIRECTORY ARGUMENT... DIRECTORY/mounted names the directory of the mounted key,
# which is read again at each call; DIRECTORY/known_hosts names the file, DIRECTORY/checking how it is used.
set -u
directory=$1
shift
scripts=${0%/*}
if [ -e "$directory/has_key" ]; then
  key=$(mktemp "$directory/key.XXXXXX") || exit 255
  sh "$scripts/git-credential.sh" "$directory" key >"$key"
  mv "$key" "$directory/key"
  set -- -o IdentitiesOnly=yes -i "$directory/key" "$@"
fi
# ssh refuses to work for a user without an entry in /etc/passwd.
if ! id -un >/dev/null 2>&1; then
  library=$(find /usr/lib /usr/lib64 -name libnss_wrapper.so 2>/dev/null | head -n 1)
  if [ -z "$library" ]; then
    echo "ssh needs an entry for uid $(id -u) in /etc/passwd, and the image has neither that nor libnss-wrapper: set podSecurityContext.runAsUser to 1000, or use an image that has one of them" >&2
    exit 255
  fi
  printf 'agent:x:%s:%s::%s:/bin/sh\n' "$(id -u)" "$(id -g)" "${HOME:-/tmp}" >"$directory/passwd"
  printf 'agent:x:%s:\n' "$(id -g)" >"$directory/group"
  NSS_WRAPPER_PASSWD=$directory/passwd
  NSS_WRAPPER_GROUP=$directory/group
  LD_PRELOAD=$library
  export NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP LD_PRELOAD
fi
exec ssh -F /dev/null -o BatchMode=yes -o ConnectTimeout=30 -o ServerAliveInterval=15 \
  -o "StrictHostKeyChecking=$(cat "$directory/checking")" \
  -o "UserKnownHostsFile=\"$(cat "$directory/known_hosts")\"" "$@"
