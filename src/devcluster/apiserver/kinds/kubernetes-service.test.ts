import assert from "node:assert/strict";
import { test } from "node:test";
import { kubernetesService, serviceVariables } from "./kubernetes-service.ts";

test("a pod's environment says where the API server is, in all the ways that a kubelet does", () => {
  assert.deepEqual(serviceVariables(kubernetesService("127.0.0.1", 6443)), {
    KUBERNETES_SERVICE_HOST: "127.0.0.1",
    KUBERNETES_SERVICE_PORT: "6443",
    KUBERNETES_SERVICE_PORT_HTTPS: "6443",
    KUBERNETES_PORT: "tcp://127.0.0.1:6443",
    KUBERNETES_PORT_6443_TCP: "tcp://127.0.0.1:6443",
    KUBERNETES_PORT_6443_TCP_PROTO: "tcp",
    KUBERNETES_PORT_6443_TCP_PORT: "6443",
    KUBERNETES_PORT_6443_TCP_ADDR: "127.0.0.1",
  });
});
