import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readApiRequest, readArtifactsPath } from "./api-paths.ts";

const RUNS = "/apis/agent.xonovex.com/v1alpha1";
const TEAM = `${RUNS}/namespaces/team-a/agentruns`;

describe("readApiRequest", () => {
  const passed: [method: string, target: string, path?: string][] = [
    ["GET", `${RUNS}/agentruns?limit=500`],
    ["GET", `${RUNS}/agentruns?watch=true&allowWatchBookmarks=true&resourceVersion=12`],
    ["GET", TEAM],
    ["GET", `${TEAM}/fix-2.x`],
    ["GET", `${RUNS}/agentproviders?limit=500`],
    ["GET", `${RUNS}/namespaces/team-a/agenttriggers?watch=true`],
    ["POST", `${TEAM}?dryRun=All`],
    ["PATCH", `${TEAM}/fix`],
    ["DELETE", `${TEAM}/fix`],
    ["GET", `${TEAM}?fieldSelector=metadata.name%3Dfix`],
    ["GET", "/apis/events.k8s.io/v1/namespaces/team-a/events?fieldSelector=regarding.uid=1-2"],
    ["GET", "/api/v1/namespaces/team-a/pods/fix-abc/log?container=agent&follow=true"],
    ["GET", "/api/v1/namespaces/team-a/pods/fix-abc/log?container=git-clone"],
    ["GET", "/api/v1/namespaces/team-a/pods?labelSelector=agent.xonovex.com/run=fix&watch=true"],
    ["GET", "/apis/batch/v1/namespaces/team-a/jobs?labelSelector=agent.xonovex.com/run=fix"],
    ["POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"],
    // A namespace that is called as a resource is a namespace.
    ["GET", `${RUNS}/namespaces/agentruns/agentruns`],
  ];
  for (const [method, target] of passed)
    it(`passes ${method} ${target}`, () => {
      const asked = readApiRequest(method, target);
      assert.equal(asked?.method, method);
      assert.equal(decodeURIComponent(asked?.path ?? ""), decodeURIComponent(target));
    });

  const refused: [method: string, target: string][] = [
    ["GET", "/api/v1/namespaces/team-a/secrets"],
    ["GET", "/api/v1/secrets"],
    ["GET", "/api/v1/namespaces/team-a/secrets/agentruns"],
    ["GET", "/api/v1/namespaces/team-a/pods"],
    ["GET", "/api/v1/namespaces/team-a/pods/fix/exec?command=sh"],
    ["GET", "/api/v1/namespaces/team-a/pods/fix/log"],
    ["GET", "/api/v1/namespaces/team-a/pods/fix/log?container=../x"],
    ["GET", "/api/v1/namespaces/team-a/pods/fix"],
    ["GET", "/api/v1/namespaces/team-a/pods?labelSelector=app=x"],
    ["GET", "/api/v1/namespaces/team-a/pods?labelSelector=agent.xonovex.com/run=fix,app=x"],
    ["GET", "/api/v1/namespaces/team-a/pods?labelSelector=agent.xonovex.com/run!=fix"],
    ["GET", "/api/v1/pods?labelSelector=agent.xonovex.com/run=fix"],
    ["DELETE", "/api/v1/namespaces/team-a/pods?labelSelector=agent.xonovex.com/run=fix"],
    ["GET", "/apis/batch/v1/namespaces/team-a/jobs"],
    ["GET", "/api/v1/namespaces/team-a/pods/fix/log?container=agent&container=git"],
    ["GET", "/api/v1/namespaces/team-a/pods/fix/log?insecureSkipTLSVerifyBackend=true"],
    ["POST", "/api/v1/namespaces/team-a/pods"],
    ["DELETE", TEAM],
    ["DELETE", `${RUNS}/agentruns`],
    ["POST", `${RUNS}/agentruns`],
    ["PUT", `${TEAM}/fix`],
    ["PATCH", `${TEAM}/fix/status`],
    ["PATCH", `${TEAM}/fix?force=true`],
    ["GET", `${RUNS}/namespaces/team-a/agentproviders/model`],
    ["POST", `${RUNS}/namespaces/team-a/agentproviders`],
    ["DELETE", `${RUNS}/namespaces/team-a/agentworkspaces/shared`],
    ["GET", `${TEAM}/../../../../api/v1/secrets`],
    ["GET", `${TEAM}/..`],
    ["GET", `${TEAM}/.`],
    ["GET", `${TEAM}/%2e%2e/secrets`],
    ["GET", `${TEAM}/a%2fb`],
    ["GET", `${TEAM}/a%00`],
    ["GET", `${TEAM}//fix`],
    ["GET", `${TEAM}/`],
    ["GET", `//evil.example.com${TEAM}`],
    ["GET", `/\\evil.example.com${TEAM}`],
    ["GET", `http://evil.example.com${TEAM}`],
    ["GET", `@evil.example.com${TEAM}`],
    ["GET", `${TEAM}#x`],
    ["GET", `${TEAM}?watch=true?x`],
    ["GET", `${TEAM}?labelSelector=a`],
    ["GET", `${TEAM}?watch=true&watch=true`],
    ["GET", `${TEAM}?fieldSelector=metadata.name%3Dfix%26x`],
    ["GET", `${TEAM}?__proto__=1`],
    ["GET", `${TEAM}/Fix`],
    ["GET", `${TEAM}/${"a".repeat(254)}`],
    ["GET", `${RUNS}/namespaces/${"a".repeat(64)}/agentruns`],
    ["GET", `${RUNS}/namespaces/a.b/agentruns`],
    ["GET", "/version"],
    ["GET", "/"],
    ["GET", ""],
    ["CONNECT", TEAM],
    ["get", TEAM],
  ];
  for (const [method, target] of refused)
    it(`refuses ${method} ${target.slice(0, 100)}`, () =>
      assert.equal(readApiRequest(method, target), undefined));
});

describe("readArtifactsPath", () => {
  it("reads a namespace and a name", () =>
    assert.deepEqual(readArtifactsPath("/team-a/fix"), { namespace: "team-a", name: "fix" }));
  for (const path of [
    "/team-a",
    "/team-a/",
    "/team-a/fix/",
    "/../fix",
    "/team-a/..",
    "/a%2f/b",
    "/team-a/fix?x",
  ])
    it(`refuses ${path}`, () => assert.equal(readArtifactsPath(path), undefined));
});
