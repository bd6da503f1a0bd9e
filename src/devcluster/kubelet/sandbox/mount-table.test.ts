import assert from "node:assert/strict";
import { test } from "node:test";
import { bindLines, nestedMounts, parseMountInfo, tableLine } from "./mount-table.ts";

const info = [
  "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
  String.raw`40 22 0:30 / /mnt/my\040disk rw,nosuid,nodev,relatime - ext4 /dev/sdb1 rw`,
  "41 22 0:31 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw",
].join("\n");

test("mount points are read with the flags that a user namespace may not drop", () => {
  assert.deepEqual(parseMountInfo(info), [
    { path: "/", flags: [] },
    { path: "/mnt/my disk", flags: ["nosuid", "nodev"] },
    { path: "/sys/fs/cgroup", flags: ["nosuid"] },
  ]);
});

test("fields of fstab are escaped", () => {
  assert.equal(
    tableLine("/a b", "/c\td\\#", "none", ["bind"]),
    String.raw`/a\040b /c\011d\134\043 none bind 0 0` + "\n",
  );
});

test("a read-only bind keeps the locked flags of the mount it comes from", () => {
  const mounts = [
    { source: "/mnt/my disk/x", target: "/x", readOnly: true, isFile: false },
    { source: "/data", target: "/data", readOnly: false, isFile: true },
  ];
  assert.equal(
    bindLines("/root", mounts, parseMountInfo(info)),
    "/mnt/my\\040disk/x /root/x none rbind,ro,nosuid,nodev 0 0\n/data /root/data none bind 0 0\n",
  );
});

test("mounts beneath a read-only directory are bound once more, except those of /sys", () => {
  const base = ["/mnt", "/sys"].map((path) => ({
    source: path,
    target: path,
    readOnly: true,
    isFile: false,
  }));
  assert.deepEqual(nestedMounts(base, parseMountInfo(info)), [
    { source: "/mnt/my disk", target: "/mnt/my disk", readOnly: true, isFile: false },
  ]);
});
