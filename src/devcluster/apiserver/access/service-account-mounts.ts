import { itemsOf, textOf, type JsonObject } from "../answers/json-object.ts";

/** Where the clients of every language look for their pod's identity. */
const MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";
/** A real server ends it with five random letters. */
const VOLUME = "kube-api-access-local";
const TOKEN_SECONDS = 3607;

/**
 * Gives a new pod its service account and, unless it or the account says not to, the account's token with
 * the cluster's certificate authority. Source: plugin/pkg/admission/serviceaccount.
 */
export function mountServiceAccount(spec: JsonObject, account: JsonObject | undefined): void {
  if (textOf(spec, "serviceAccountName") === "") {
    spec["serviceAccountName"] = "default";
    spec["serviceAccount"] = "default";
  }
  const isWanted = spec["automountServiceAccountToken"] ?? account?.["automountServiceAccountToken"] ?? true;
  if (isWanted === true && mountInAll(spec)) {
    spec["volumes"] = [...itemsOf(spec, "volumes"), { name: VOLUME, projected: identity() }];
  }
  if (itemsOf(spec, "imagePullSecrets").length === 0 && account?.["imagePullSecrets"] !== undefined) {
    spec["imagePullSecrets"] = account["imagePullSecrets"];
  }
}

/** Whether a container had nothing of its own there. */
function mountInAll(spec: JsonObject): boolean {
  const containers = [...itemsOf(spec, "initContainers"), ...itemsOf(spec, "containers")];
  const without = containers.filter(
    (container) => !itemsOf(container, "volumeMounts").some((mount) => mount["mountPath"] === MOUNT_PATH),
  );
  for (const container of without) {
    const mount = { name: VOLUME, readOnly: true, mountPath: MOUNT_PATH };
    container["volumeMounts"] = [...itemsOf(container, "volumeMounts"), mount];
  }
  return without.length > 0;
}

function identity(): JsonObject {
  const namespace = { path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } };
  return {
    sources: [
      { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: "token" } },
      { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
      { downwardAPI: { items: [namespace] } },
    ],
    defaultMode: 0o644,
  };
}
