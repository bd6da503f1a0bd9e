import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { parseAllDocuments } from "yaml";
import { agentConfigs, agentRuns, agentWorkspaces } from "../../src/api/resources.ts";
import { createClient, type Client } from "../../src/client/client.ts";
import { isApiError } from "../../src/client/errors.ts";
import { kubeconfigTransport } from "../../src/client/kubeconfig.ts";
import type { KubeObject, UnknownObject } from "../../src/kube/objects.ts";
import { namespaces } from "../../src/kube/builtin.ts";
import { resourceType, type ResourceType } from "../../src/kube/resources.ts";
import { installDefinitions } from "../../src/local/install.ts";
import { overlay } from "../support/kustomize.ts";
import { limitsOf, POLICY_CASES, type PolicyCase } from "../support/policy-cases.ts";
import { realPrograms, startRealApiServer } from "../support/real-api-server.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

/** A policy counts some time after it was written. */
const EFFECT_MS = 30_000;
const ADMISSION = "admissionregistration.k8s.io";

const configMaps = resourceType<KubeObject & { data: Record<string, string> }>(
  "",
  "v1",
  "configmaps",
  "ConfigMap",
);
const policies = resourceType(
  ADMISSION,
  "v1",
  "validatingadmissionpolicies",
  "ValidatingAdmissionPolicy",
  false,
);
const bindings = resourceType<KubeObject & { spec?: unknown }>(
  ADMISSION,
  "v1",
  "validatingadmissionpolicybindings",
  "ValidatingAdmissionPolicyBinding",
  false,
);
const kinds = { AgentRun: agentRuns, AgentConfig: agentConfigs, AgentWorkspace: agentWorkspaces } as const;

const programs = realPrograms();
const skip = programs
  ? false
  : "name a kube-apiserver of 1.30 or later in KUBE_APISERVER and an etcd in ETCD";

describe("the policies in a real API server", { skip, timeout: 240_000 }, () => {
  if (programs === undefined) return;
  const stack = new AsyncDisposableStack();
  let client: Client;
  const objects: (UnknownObject & { data?: Record<string, string> })[] = [];

  before(async () => {
    const directory = stack.use(await temporaryDirectory());
    const path = await startRealApiServer(programs, directory.path, stack);
    const { transport } = await kubeconfigTransport({ paths: [path] });
    stack.defer(() => transport.close());
    client = createClient(transport);
    await installDefinitions(client);
    objects.push(
      ...parseAllDocuments(await overlay(["policies"])).map((each) => each.toJS() as UnknownObject),
    );
    for (const object of objects.filter(({ kind }) => kind === "ValidatingAdmissionPolicy"))
      await client.create(policies, object);
    await Promise.all(POLICY_CASES.map((one, index) => prepare(one, `case-${index}`)));
  });
  after(() => stack.disposeAsync());

  /** Namespace, limits and binding of a case; a stored object before there is a policy for it. */
  const prepare = async (one: PolicyCase, namespace: string): Promise<void> => {
    await client.create(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    if (one.oldSpec !== undefined) await client.create(typeOf(one), objectOf(namespace, one.oldSpec));
    const shipped = objects.find(({ kind }) => kind === "ConfigMap")?.data ?? {};
    const data = limitsOf(shipped, one);
    await client.create(configMaps, { metadata: { name: "limits", namespace }, data });
    await client.create(bindings, {
      metadata: { name: namespace },
      spec: {
        policyName: `${typeOf(one).plural}.agent.xonovex.com`,
        validationActions: ["Deny"],
        paramRef: { name: "limits", namespace, parameterNotFoundAction: "Deny" },
        matchResources: { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } } },
      },
    });
  };

  for (const [index, one] of POLICY_CASES.entries())
    it(`${one.name}: ${one.refused === undefined ? "allowed" : "refused"}`, async () => {
      const namespace = `case-${index}`;
      if (one.kind !== "AgentWorkspace") await untilRefused(() => write(one, namespace, sentinelOf(one)));
      if (one.refused === undefined) assert.equal(await write(one, namespace, one.spec), undefined);
      else {
        const message = await untilRefused(() => write(one, namespace, one.spec));
        assert.ok(message.includes(`denied request: ${one.refused}`), message);
      }
    });

  it("as they are installed hold in every namespace, and refuse everything without their limits", async () => {
    await client.create(namespaces, {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "agent-operator-system" },
    });
    const limits = objects.find(({ kind }) => kind === "ConfigMap") as UnknownObject & {
      data: Record<string, string>;
    };
    await client.create(configMaps, limits);
    for (const object of objects.filter(({ kind }) => kind === "ValidatingAdmissionPolicyBinding"))
      await client.create(bindings, object);
    const plain = POLICY_CASES[0] as PolicyCase;
    await untilRefused(() => write(plain, "default", { ...plain.spec, serviceAccountName: "admin" }));
    assert.equal(await write(plain, "default", plain.spec), undefined);
    await client.delete(configMaps, { name: "agent-operator-policies", namespace: "agent-operator-system" });
    assert.match(await untilRefused(() => write(plain, "default", plain.spec)), /no params found/);
  });

  /** What the server refuses it with; undefined if it takes it. Nothing is stored. */
  const write = async (one: PolicyCase, namespace: string, spec: object): Promise<string | undefined> => {
    const object = objectOf(namespace, spec);
    const location = { namespace, name: "a" };
    try {
      if (one.oldSpec === undefined) await client.create(typeOf(one), object, { dryRun: true });
      else
        await client.patch(typeOf(one), location, { ...object, metadata: { labels: { a: "b" } } } as never, {
          dryRun: true,
        });
      return undefined;
    } catch (error) {
      if (!isApiError(error)) throw error;
      return error.message;
    }
  };
});

function typeOf(one: PolicyCase): ResourceType<KubeObject> {
  return kinds[one.kind] as ResourceType<KubeObject>;
}

function objectOf(namespace: string, spec: object): KubeObject {
  return { metadata: { name: "a", namespace }, spec } as KubeObject;
}

/** What no limit of a case allows: once it is refused, the case's binding counts. */
function sentinelOf({ kind, spec }: PolicyCase): object {
  return { ...spec, [kind === "AgentRun" ? "serviceAccountName" : "defaultServiceAccountName"]: "sentinel" };
}

async function untilRefused(attempt: () => Promise<string | undefined>): Promise<string> {
  const until = Date.now() + EFFECT_MS;
  for (;;) {
    const message = await attempt();
    if (message !== undefined) return message;
    if (Date.now() > until) throw new Error("it was never refused");
    await sleep(100);
  }
}
