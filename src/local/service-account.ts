import type { Client } from "../client/client.ts";
import type { Transport } from "../client/transport.ts";
import type { Authority } from "../client/transport-https.ts";
import type { KubeObject } from "../kube/objects.ts";
import { clusterRoleBindings, serviceAccounts } from "../kube/cluster-kinds.ts";
import { namespaces } from "../kube/builtin.ts";
import { pathOf } from "../kube/resources.ts";
import { apply, installRoles } from "./install.ts";

/** Where the operator lives, as its shipped manifests have it. */
export const OPERATOR_NAMESPACE = "agent-operator-system";
export const OPERATOR_ACCOUNT = "agent-operator";

const RBAC = "rbac.authorization.k8s.io";
const TOKEN_SECONDS = 3_600;
const RENEW_AFTER_MS = (TOKEN_SECONDS * 1_000 * 3) / 4;

interface TokenRequest extends KubeObject {
  spec: { audiences: string[]; expirationSeconds: number };
  status?: { token: string };
}

/** Gives the operator its namespace, ServiceAccount and the shipped ClusterRoles. */
export async function installOperatorAccount(client: Client, configDirectory: string): Promise<void> {
  await apply(client, namespaces, named("v1", "Namespace", OPERATOR_NAMESPACE));
  await apply(client, serviceAccounts, {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: OPERATOR_ACCOUNT, namespace: OPERATOR_NAMESPACE },
  });
  for (const role of await installRoles(client, configDirectory)) {
    await apply(client, clusterRoleBindings, {
      ...named(`${RBAC}/v1`, "ClusterRoleBinding", role),
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: role },
      subjects: [{ kind: "ServiceAccount", name: OPERATOR_ACCOUNT, namespace: OPERATOR_NAMESPACE }],
    });
  }
}

/**
 * Asks for a token of the operator's ServiceAccount, and for a new one well before it expires: what a
 * kubelet does for a pod. Rejects if the first token is refused.
 */
export async function operatorAuthority(
  admin: Transport,
  clock: () => number,
): Promise<() => Promise<Authority>> {
  let current = requestToken(admin);
  let renewAt = clock() + RENEW_AFTER_MS;
  await current;
  return async () => {
    if (clock() >= renewAt) {
      renewAt = clock() + RENEW_AFTER_MS;
      const previous = current;
      // The old token is still good for a quarter of its life when a new one cannot be had.
      current = requestToken(admin).catch(() => previous);
    }
    return { headers: { authorization: `Bearer ${await current}` } };
  };
}

async function requestToken(admin: Transport): Promise<string> {
  const path = pathOf(serviceAccounts, {
    namespace: OPERATOR_NAMESPACE,
    name: OPERATOR_ACCOUNT,
    subresource: "token",
  });
  const request: TokenRequest = {
    ...named("authentication.k8s.io/v1", "TokenRequest", OPERATOR_ACCOUNT),
    spec: { audiences: [], expirationSeconds: TOKEN_SECONDS },
  };
  const response = await admin({
    method: "POST",
    path,
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(request),
  });
  const answer: unknown = JSON.parse(await response.text());
  const token = tokenIn(answer);
  if (token === undefined) throw new Error(`POST ${path} answered ${response.status} without a token`);
  return token;
}

function tokenIn(answer: unknown): string | undefined {
  if (typeof answer !== "object" || answer === null || !("status" in answer)) return undefined;
  const { status } = answer;
  if (typeof status !== "object" || status === null || !("token" in status)) return undefined;
  return typeof status.token === "string" ? status.token : undefined;
}

function named(apiVersion: string, kind: string, name: string): KubeObject & { apiVersion: string } {
  return { apiVersion, kind, metadata: { name } };
}
