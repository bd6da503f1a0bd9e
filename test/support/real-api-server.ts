import { generateKeyPairSync } from "node:crypto";
import { freePort } from "./free-port.ts";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { locateTool } from "../../scripts/tools.ts";
import { runOk, start, type RunningProgram } from "./run.ts";

/** The programs of a real control plane, which the environment names; no package of Debian has the first. */
export interface Programs {
  apiServer: string;
  etcd: string;
}

/** What KUBE_APISERVER and ETCD name; undefined where one of them is not set. */
export function realPrograms(): Programs | undefined {
  const { KUBE_APISERVER: apiServer = "", ETCD: etcd = "" } = process.env;
  return apiServer === "" || etcd === "" ? undefined : { apiServer, etcd };
}

const START_MS = 60_000;
const LIFE_MS = 300_000;
const TOKEN = "administrator";

/** Starts a real API server on its own etcd, on loopback; resolves to the path of an administrator's kubeconfig. */
export async function startRealApiServer(
  { apiServer, etcd }: Programs,
  directory: string,
  stack: AsyncDisposableStack,
): Promise<string> {
  const [client, peer, port] = [await freePort(), await freePort(), await freePort()];
  const [storage, peers] = [`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`];
  const key = join(directory, "accounts.key");
  const tokens = join(directory, "tokens");
  const { privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  await writeFile(key, privateKey, { mode: 0o600 });
  await writeFile(tokens, `${TOKEN},administrator,1,system:masters\n`, { mode: 0o600 });
  stack.use(
    start(
      etcd,
      [
        "--data-dir",
        join(directory, "etcd"),
        "--unsafe-no-fsync",
        "--log-level=error",
        `--listen-client-urls=${storage}`,
        `--advertise-client-urls=${storage}`,
        `--listen-peer-urls=${peers}`,
        `--initial-advertise-peer-urls=${peers}`,
        `--initial-cluster=default=${peers}`,
      ],
      { timeoutMs: LIFE_MS },
    ),
  );
  const server = stack.use(
    start(
      apiServer,
      [
        "--bind-address=127.0.0.1",
        `--secure-port=${port}`,
        "--endpoint-reconciler-type=none",
        `--cert-dir=${join(directory, "certificates")}`,
        `--etcd-servers=${storage}`,
        `--token-auth-file=${tokens}`,
        "--authorization-mode=RBAC",
        "--service-account-issuer=https://kubernetes.default.svc",
        `--service-account-key-file=${key}`,
        `--service-account-signing-key-file=${key}`,
        "--service-cluster-ip-range=10.96.0.0/24",
        "--disable-admission-plugins=ServiceAccount",
        "--profiling=false",
      ],
      { timeoutMs: LIFE_MS },
    ),
  );
  const kubeconfig = join(directory, "kubeconfig");
  await writeFile(kubeconfig, kubeconfigOf(`https://127.0.0.1:${port}`, directory), { mode: 0o600 });
  await untilReady(kubeconfig, server);
  return kubeconfig;
}

function kubeconfigOf(server: string, directory: string): string {
  const authority = join(directory, "certificates", "apiserver.crt");
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "real", cluster: { server, "certificate-authority": authority } }],
    users: [{ name: "administrator", user: { token: TOKEN } }],
    contexts: [{ name: "real", context: { cluster: "real", user: "administrator" } }],
    "current-context": "real",
  });
}

async function untilReady(kubeconfig: string, server: RunningProgram): Promise<void> {
  const kubectl = await locateTool("kubectl");
  const until = Date.now() + START_MS;
  for (;;) {
    try {
      await runOk(kubectl, ["--kubeconfig", kubeconfig, "get", "--raw", "/readyz"]);
      return;
    } catch (error) {
      if (Date.now() > until) throw new Error(server.output.stderr.slice(-4000), { cause: error });
    }
    await Promise.race([sleep(300), server.ended]);
  }
}
