import { get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../test/support/free-port.ts";
import type { Bench } from "./bench.ts";
import { startNode, type Child } from "./child.ts";

const START_LIMIT_MS = 120_000;
const PROBE_EVERY_MS = 5;

/** The operator as it ships: the bundled program as its own process, with the Deployment's arguments. */
export interface OperatorProcess extends Child {
  /** From the start of the process to the first answer 200 of /readyz, which means that its caches are synced. */
  readonly readyMs: number;
  /** The requests that it has sent so far, by `METHOD resource`-like labels of its own metrics. */
  requests(): Promise<ReadonlyMap<string, number>>;
}

export async function startOperatorProcess(
  { program, shipped, nodeOptions, cluster }: Pick<Bench, "program" | "shipped" | "nodeOptions" | "cluster">,
  leaseNamespace: string,
): Promise<OperatorProcess> {
  const [health, metrics] = [await freePort(), await freePort()];
  const startedAt = performance.now();
  const args = [
    ...shipped.nodeOptions,
    ...nodeOptions,
    program,
    "operator",
    "--leader-elect",
    `--health-probe-bind-address=127.0.0.1:${health}`,
    `--metrics-bind-address=127.0.0.1:${metrics}`,
    "--log-level=warn",
  ];
  const child = startNode(args, {
    ...shipped.env,
    KUBECONFIG: cluster.kubeconfig,
    POD_NAMESPACE: leaseNamespace,
  });
  while ((await fetchText(health, "/readyz"))?.status !== 200) {
    if (child.hasEnded())
      throw new Error("the operator has ended before it was ready; its own words are above");
    if (performance.now() - startedAt > START_LIMIT_MS) {
      await child.stop();
      throw new Error(`the operator was not ready ${START_LIMIT_MS} ms after its start`);
    }
    await sleep(PROBE_EVERY_MS);
  }
  const readyMs = performance.now() - startedAt;
  const requests = async () => requestCounts((await fetchText(metrics, "/metrics"))?.body ?? "");
  return { ...child, readyMs, requests };
}

function fetchText(port: number, path: string): Promise<{ status: number; body: string } | undefined> {
  return new Promise((resolve) => {
    const sent = get({ host: "127.0.0.1", port, path, agent: false }, (answer) => {
      let body = "";
      answer.setEncoding("utf8").on("data", (part: string) => (body += part));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body }));
    });
    sent.on("error", () => resolve(undefined));
  });
}

function requestCounts(metrics: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [, labels = "", count] of metrics.matchAll(
    /^agent_operator_api_requests_total\{(.*)\} (\d+)$/gm,
  ))
    counts.set(labels, Number(count));
  return counts;
}
