# shellcheck shell=sh disable=SC2015,SC2154,SC2317 # Variables and callers are in the scripts that read it.
# What a run starts from. Needs common.sh.

# record_start COMMIT GITDIR GIVEN [INDEX]: notes where the agent cannot write what its run starts from: the branches
# (in $private/heads, `ID REF` a line), the directory with its HEAD, the commit that the remote itself gave for it, empty
# if it was not asked, the state of the files, at last the commit. An index keeps its time, also when it is copied
# again: by that git knows which files may have changed within the same second.
record_start() {
  cp "$private/heads" "$record.heads" &&
    printf '%s\n' "$3" >"$record.given" &&
    printf '%s\n' "$2" >"$record.gitdir" &&
    { [ ! -f "${4:-}" ] || cp -p -- "$4" "$record.index"; } &&
    { printf '%s\n' "${1:--}" >"$base_file.tmp" && mv "$base_file.tmp" "$base_file"; } ||
    fail 1 "$RECORD_DIR cannot be written; see the log"
}
