import { join } from "node:path";
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
const OPERATOR_ACCOUNT = "agent-operator";
const EVENTS_ACCOUNT = "agent-operator-events";

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
  await installAccount(
    client,
    OPERATOR_ACCOUNT,
    await installRoles(client, configDirectory, ["rbac", "crd"]),
  );
}

/** Gives the events component its ServiceAccount and its role, in every namespace. The operator's namespace exists. */
export async function installEventsAccount(client: Client, configDirectory: string): Promise<void> {
  const roles = await installRoles(client, configDirectory, [join("components", "events-all-namespaces")]);
  await installAccount(client, EVENTS_ACCOUNT, roles);
}

async function installAccount(client: Client, account: string, roles: readonly string[]): Promise<void> {
  await apply(client, serviceAccounts, {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: account, namespace: OPERATOR_NAMESPACE },
  });
  for (const role of roles) {
    await apply(client, clusterRoleBindings, {
      ...named(`${RBAC}/v1`, "ClusterRoleBinding", role),
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: role },
      subjects: [{ kind: "ServiceAccount", name: account, namespace: OPERATOR_NAMESPACE }],
    });
  }
}

/** The authority of the operator's ServiceAccount. */
export function operatorAuthority(admin: Transport, clock: () => number): Promise<() => Promise<Authority>> {
  return authorityOf(OPERATOR_ACCOUNT, admin, clock);
}

/** The authority of the events component's ServiceAccount. */
export function eventsAuthority(admin: Transport, clock: () => number): Promise<() => Promise<Authority>> {
  return authorityOf(EVENTS_ACCOUNT, admin, clock);
}

/**
 * Asks for a token of a ServiceAccount, and for a new one well before it expires: what a
 * kubelet does for a pod. Rejects if the first token is refused.
 */
async function authorityOf(
  account: string,
  admin: Transport,
  clock: () => number,
): Promise<() => Promise<Authority>> {
  let current = requestToken(account, admin);
  let renewAt = clock() + RENEW_AFTER_MS;
  await current;
  return async () => {
    if (clock() >= renewAt) {
      renewAt = clock() + RENEW_AFTER_MS;
      const previous = current;
      // The old token is still good for a quarter of its life when a new one cannot be had.
      current = requestToken(account, admin).catch(() => previous);
    }
    return { headers: { authorization: `Bearer ${await current}` } };
  };
}

async function requestToken(account: string, admin: Transport): Promise<string> {
  const path = pathOf(serviceAccounts, {
    namespace: OPERATOR_NAMESPACE,
    name: account,
    subresource: "token",
  });
  const request: TokenRequest = {
    ...named("authentication.k8s.io/v1", "TokenRequest", account),
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
