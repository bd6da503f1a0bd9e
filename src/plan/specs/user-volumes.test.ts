import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AGENT_TYPES } from "../../api/agent-types.ts";
import { AGENT_HOME_PATHS } from "../../api/rules/mounts.ts";
import { agentOfType } from "../../agents/registry.ts";
import {
  secretFiles,
  userMounts,
  userVolumes,
  type UserVolumes,
  verifiable,
  withoutSecrets,
} from "./user-volumes.ts";

const items = [{ key: "a", path: "deep/a" }];
const given: UserVolumes = {
  volumes: [
    { name: "settings", configMap: { name: "settings" } },
    { name: "token", secret: { secretName: "token" } },
    { name: "one", secret: { secretName: "one", items } },
    {
      name: "both",
      projected: { sources: [{ configMap: { name: "x" } }, { secret: { name: "y", items } }] },
    },
    { name: "cloud", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } },
    { name: "data", persistentVolumeClaim: { claimName: "data" } },
    { name: "models", persistentVolumeClaim: { claimName: "models" } },
    { name: "scratch", emptyDir: {} },
  ],
  mounts: [
    { name: "settings", mountPath: "/settings" },
    { name: "token", mountPath: "/token" },
    { name: "token", mountPath: "/home/agent/.npmrc", subPath: "npmrc" },
    { name: "one", mountPath: "/one" },
    { name: "both", mountPath: "/both" },
    { name: "cloud", mountPath: "/cloud" },
    { name: "data", mountPath: "/data" },
    { name: "models", mountPath: "/models", readOnly: true },
    { name: "scratch", mountPath: "/scratch" },
  ],
};

const names = ({ volumes }: UserVolumes): string[] => volumes.map(({ name }) => name);

describe("a user's volumes", () => {
  test("are in the pod under names that are none of the operator's", () => {
    assert.deepEqual(userVolumes(given)[0], { name: "volume-settings", configMap: { name: "settings" } });
    assert.deepEqual(userMounts(given)[2], {
      name: "volume-token",
      mountPath: "/home/agent/.npmrc",
      subPath: "npmrc",
    });
  });

  test("have files of Secrets, which are hidden in all output", () => {
    assert.deepEqual(secretFiles(given), ["/token/*", "/home/agent/.npmrc", "/one/deep/a", "/both/deep/a"]);
    assert.deepEqual(secretFiles(), []);
  });

  test("are there for a verification, but nothing that the agent could have written, and no token", () => {
    assert.deepEqual(names(verifiable(given)), ["settings", "token", "one", "both", "models", "scratch"]);
    assert.ok(verifiable(given).mounts.every(({ name }) => name !== "data" && name !== "cloud"));
  });

  test("are there for its command without Secrets", () => {
    assert.deepEqual(names(withoutSecrets(verifiable(given))), ["settings", "models", "scratch"]);
  });
});

test("no cache and no volume is mounted where an agent has its user's configuration", () => {
  const paths = new Set(AGENT_TYPES.flatMap((agent) => agentOfType(agent).userPaths));
  assert.deepEqual(AGENT_HOME_PATHS, [...paths, ".gitconfig"].toSorted());
});
