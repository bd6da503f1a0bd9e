import assert from "node:assert/strict";
import { test } from "node:test";
import type { MutableObject } from "../answers/json-object.ts";
import { webhookAddress } from "./webhook-address.ts";

const service = (spec: MutableObject) => ({ metadata: { name: "hook", namespace: "ns" }, spec });
const pod = (status: string, labels: Record<string, string> = { app: "hook" }) => ({
  metadata: { name: "p", namespace: "ns", labels },
  spec: { containers: [{ name: "c", ports: [{ name: "webhook", containerPort: 9443 }] }] },
  status: { conditions: [{ type: "Ready", status }] },
});
const webhook = {
  clientConfig: { service: { namespace: "ns", name: "hook", path: "/validate", port: 443 } },
};

function addressWith(spec: MutableObject, pods: MutableObject[]) {
  const objects = {
    get: (storage: string, key: string) =>
      `${storage} ${key}` === "/services ns/hook" ? service(spec) : undefined,
    list: () => pods,
  };
  const { url, servername } = webhookAddress(objects, webhook);
  return { url: url.href, servername };
}

const behind = { selector: { app: "hook" }, ports: [{ port: 443, targetPort: "webhook" }] };

test("a Service leads to the port of a ready pod", () => {
  const servername = "hook.ns.svc";
  assert.deepEqual(addressWith(behind, [pod("False"), pod("True")]), {
    url: "https://127.0.0.1:9443/validate?timeout=10s",
    servername,
  });
  assert.deepEqual(addressWith({ ...behind, ports: [{ port: 443, targetPort: 8443 }] }, [pod("True")]), {
    url: "https://127.0.0.1:8443/validate?timeout=10s",
    servername,
  });
  assert.deepEqual(addressWith({ type: "ExternalName", externalName: "localhost" }, []), {
    url: "https://localhost/validate?timeout=10s",
    servername,
  });
});

test("a Service with nothing behind it says so", () => {
  const nobody = /no endpoints available for service "hook"/;
  assert.throws(() => addressWith(behind, []), nobody);
  assert.throws(() => addressWith(behind, [pod("False"), pod("True", { app: "other" })]), nobody);
  assert.throws(() => addressWith({ ports: [{ port: 443 }] }, [pod("True")]), nobody);
  assert.throws(
    () => addressWith({ ...behind, ports: [{ port: 80 }] }, [pod("True")]),
    /no service port 443/,
  );
});
