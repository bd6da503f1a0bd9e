import { type MutableObject } from "../answers/json-object.ts";
import { objectsAt, textAt } from "../../../kube/json.ts";

/** Where the clients of every language look for their pod's identity. */
const MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";
/** A real server ends it with five random letters. */
const VOLUME = "kube-api-access-local";
const TOKEN_SECONDS = 3607;

/**
 * Gives a new pod its service account and, unless it or the account says not to, the account's token with
 * the cluster's certificate authority. Source: plugin/pkg/admission/serviceaccount.
 */
export function mountServiceAccount(spec: MutableObject, account: MutableObject | undefined): void {
  if (textAt(spec, "serviceAccountName") === "") {
    spec["serviceAccountName"] = "default";
    spec["serviceAccount"] = "default";
  }
  const isWanted = spec["automountServiceAccountToken"] ?? account?.["automountServiceAccountToken"] ?? true;
  if (isWanted === true && mountInAll(spec)) {
    spec["volumes"] = [...objectsAt(spec, "volumes"), { name: VOLUME, projected: identity() }];
  }
  if (objectsAt(spec, "imagePullSecrets").length === 0 && account?.["imagePullSecrets"] !== undefined) {
    spec["imagePullSecrets"] = account["imagePullSecrets"];
  }
}

/** Whether a container had nothing of its own there. */
function mountInAll(spec: MutableObject): boolean {
  const containers = [...objectsAt(spec, "initContainers"), ...objectsAt(spec, "containers")];
  const without: MutableObject[] = containers.filter(
    (container) => !objectsAt(container, "volumeMounts").some((mount) => mount["mountPath"] === MOUNT_PATH),
  );
  for (const container of without) {
    const mount = { name: VOLUME, readOnly: true, mountPath: MOUNT_PATH };
    container["volumeMounts"] = [...objectsAt(container, "volumeMounts"), mount];
  }
  return without.length > 0;
}

function identity(): MutableObject {
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
