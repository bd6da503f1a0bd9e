import { stringify } from "yaml";
import { encodeBase64 } from "../kube/base64.ts";

/** What a kubeconfig says: one cluster, one user, one context. PEM texts. */
export interface KubeconfigParts {
  url: string;
  ca: string;
  certificate: string;
  key: string;
}

const NAME = "agent-operator-dev";

/** A kubeconfig (YAML) for the development cluster. */
export function buildKubeconfig(parts: KubeconfigParts): string {
  return stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      clusters: [
        {
          name: NAME,
          cluster: { server: parts.url, "certificate-authority-data": encodeBase64(parts.ca) },
        },
      ],
      users: [
        {
          name: NAME,
          user: {
            "client-certificate-data": encodeBase64(parts.certificate),
            "client-key-data": encodeBase64(parts.key),
          },
        },
      ],
      contexts: [{ name: NAME, context: { cluster: NAME, user: NAME, namespace: "default" } }],
      "current-context": NAME,
    },
    { lineWidth: 0 },
  );
}
