# Turns a skeleton directory into the root of the mount namespace that this shell runs in, then runs the
# rest of its arguments there. Arguments:
#   $1 PATH of the host's programs   $2 skeleton   $3 fstab of what is mounted first   $4 fstab of mounts that
#   may fail   $5 fstab of what is mounted then   $6 ro | rw   $7 host name   $8 working directory
set -eu
container_path=$PATH
PATH=$1 root=$2 base=$3 nested=$4 own=$5 access=$6 name=$7 directory=$8
shift 8
umask 022
mount -a -T "$base"
if [ -s "$nested" ]; then mount -a -T "$nested" 2>/dev/null || :; fi
if [ -s "$own" ]; then mount -a -T "$own"; fi
# An ordinary user may need the program; without it, the container has the host's name.
{ printf %s "$name" >/proc/sys/kernel/hostname; } 2>/dev/null || hostname "$name" 2>/dev/null || :
cd "$root"
pivot_root . .old-root
cd /
umount -l /.old-root
rmdir /.old-root
[ -d "$directory" ] || mkdir -p -- "$directory"
if [ "$access" = ro ]; then mount -o remount,bind,ro /; fi
PATH=$container_path
exec "$@"
