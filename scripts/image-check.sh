#!/bin/sh
# Builds the Dockerfiles without a container engine and without a registry of images: the base images
# are stood in for by Debian itself (debootstrap) with this checkout's Node, the steps run with buildah in
# a chroot. Then it looks at what came out, and runs the tests of webhooks, traces, installing and doctor with the
# program and the Node of the operator's image. With a directory it writes the images there, as OCI archives.
# usage: scripts/image-check.sh [DIRECTORY]    Needs root and: apt-get install buildah debootstrap
set -eu
archives=${1:+$(realpath "$1")}
cd "$(dirname "$0")/.."

for program in buildah debootstrap; do
  command -v "$program" >/dev/null || {
    echo "$program is missing: apt-get install --no-install-recommends buildah debootstrap" >&2
    exit 1
  }
done
[ "$(id -u)" -eq 0 ] || { echo "image:check needs root, for debootstrap and chroot" >&2; exit 1; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch" ${program:+"$program"}' EXIT
trap 'exit 130' INT TERM
# Nothing of the machine's own images is seen or changed.
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
export CONTAINERS_STORAGE_CONF="$scratch/storage.conf"
printf '[storage]\ndriver = "vfs"\nrunroot = "%s/run"\ngraphroot = "%s/graph"\n' "$scratch" "$scratch" >"$CONTAINERS_STORAGE_CONF"

version=$(node -p 'require("./package.json").version')
node_image=$(sed -n 's/^FROM \(node:[^ @]*\).*/\1/p' Dockerfile)
runtime_image=$(sed -n 's/^FROM \(gcr[^ @]*\).*/\1/p' Dockerfile)
authorities=/etc/ssl/certs/ca-certificates.crt

say() { printf '== %s\n' "$*"; }

# stand_in NAME DIRECTORY: an image of this name with this root.
stand_in() {
  container=$(buildah from scratch)
  buildah add --quiet "$container" "$2" / >/dev/null
  # A network may have a certificate authority of its own.
  buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    --env "NODE_EXTRA_CA_CERTS=$authorities" "$container"
  buildah commit --quiet --rm "$container" "$1" >/dev/null
}

# build DIRECTORY OPTION...: its Dockerfile, without the digests, which the images that stand in do not have.
build() {
  directory=$1
  shift
  sed 's/^\(FROM [^ ]*\)@sha256:[0-9a-f]*/\1/' "$directory/Dockerfile" >"$scratch/Dockerfile"
  buildah build --pull=never --volume "$authorities:$authorities:ro" --file "$scratch/Dockerfile" "$@" "$directory" \
    >"$scratch/log" 2>&1 || { cat "$scratch/log" >&2; exit 1; }
}

# inside IMAGE COMMAND…: runs it as the image's own user.
inside() {
  container=$(buildah from --pull-never "$1")
  shift
  buildah run "$container" -- "$@"
  buildah rm "$container" >/dev/null
}

say "the base images, from Debian"
debootstrap --variant=minbase --include=ca-certificates trixie "$scratch/debian" >"$scratch/log" 2>&1 || { tail -20 "$scratch/log" >&2; exit 1; }
rm -rf "$scratch/debian/var/cache/apt/archives" "$scratch/debian/var/lib/apt/lists"
mkdir -p "$scratch/debian/var/cache/apt/archives/partial" "$scratch/debian/var/lib/apt/lists/partial"
stand_in docker.io/library/debian:trixie-slim "$scratch/debian"
mkdir -p "$scratch/runtime"
chroot "$scratch/debian" dpkg -L base-files libc6 libgcc-s1 libstdc++6 ca-certificates |
  while read -r path; do [ -d "$scratch/debian$path" ] && [ ! -L "$scratch/debian$path" ] || echo ".$path"; done |
  tar --create --directory "$scratch/debian" --files-from - --ignore-failed-read ./lib ./lib64 2>/dev/null --no-recursion |
  tar --extract --directory "$scratch/runtime"
stand_in "$runtime_image" "$scratch/runtime"
mkdir -p "$scratch/debian/usr/local/lib/node_modules"
cp "$(node -p process.execPath)" "$scratch/debian/usr/local/bin/node"
cp -R "$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")" "$scratch/debian/usr/local/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$scratch/debian/usr/local/bin/npm"
ln -s ../lib/node_modules/npm/bin/npx-cli.js "$scratch/debian/usr/local/bin/npx"
stand_in "docker.io/library/$node_image" "$scratch/debian"

say "the operator's image"
build . -t "agent-operator:$version"
inside "agent-operator:$version" /usr/local/bin/node /app/agent-operator.mjs version | grep -Fx "agent-operator $version"
size=$(buildah inspect --type image --format '{{.Docker.Size}}' "agent-operator:$version" 2>/dev/null || echo 0)
[ "$size" -gt 0 ] 2>/dev/null || size=$(buildah images --json "agent-operator:$version" | node -e 'let t="";process.stdin.on("data",(d)=>(t+=d)).on("end",()=>{const [n,u]=JSON.parse(t)[0].size.split(" ");console.log(Math.round(n*{KB:1e3,MB:1e6,GB:1e9}[u]))})')
say "its size: $((size / 1000000)) MB"
[ "$size" -lt 200000000 ] || { echo "the operator's image has 200 MB or more" >&2; exit 1; }
user=$(buildah inspect --type image --format '{{.OCIv1.Config.User}}' "agent-operator:$version")
[ "$user" = 65532:65532 ] || { echo "the operator's image runs as $user" >&2; exit 1; }

say "the image for git"
build images/agent --target git -t "agent-operator-git:$version"
# shellcheck disable=SC2016 # The shell in the container expands it.
inside "agent-operator-git:$version" sh -c 'test "$(id -u)" = 1000 && git --version && ssh -V && id -un' 2>&1
# shellcheck disable=SC2016 # The shell in the container expands it.
inside "agent-operator-git:$version" sh -c 'test -x /agent-operator/git-clone.sh && AGENT_TERMINATION_LOG=/dev/null /agent-operator/git-clone.sh' 2>&1 |
  grep -F 'the operator has contract none'

say "the image for agents"
build images/agent --target agent -t "agent-operator-agent:$version"
# shellcheck disable=SC2016 # The shell in the container expands it.
inside "agent-operator-agent:$version" sh -c 'test "$(id -u)" = 1000 && claude --version && opencode --version && codex --version && gemini --version && bash -c "git --version" && node --version' 2>&1
if [ -n "$archives" ]; then
  say "the archives in $archives"
  for name in agent-operator agent-operator-git agent-operator-agent; do
    rm -f "$archives/$name.tar"
    buildah push --quiet "$name:$version" "oci-archive:$archives/$name.tar:docker.io/library/$name:$version"
  done
fi
say "the program of the operator's image"
container=$(buildah from --pull-never "agent-operator:$version")
root=$(buildah mount "$container")
# Readable for the users that containers run as.
program=$(mktemp -d)
chmod 755 "$program"
cp -R "$root/app" "$root/usr/local/bin/node" "$program"
buildah umount "$container" >/dev/null
buildah rm "$container" >/dev/null
echo "its files have $(du -sb "$program/app" | cut -f 1) bytes"
TEST_PROGRAM="$program/app/agent-operator.mjs" "$program/node" --test --test-concurrency=1 \
  test/e2e/webhooks.test.ts test/integration/traces.test.ts test/e2e/doctor.test.ts test/e2e/install.test.ts

say "all images are as they should be"
