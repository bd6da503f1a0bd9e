import { readFile } from "node:fs/promises";
import { createHttpsTransport } from "../../client/transport-https.ts";
import { readAssets } from "../../console/assets.ts";
import { startSharedConsole } from "../../console/server.ts";
import { healthPage, listenPages, parseBindAddress } from "../../runtime/health.ts";
import { createLog, LOG_LEVELS } from "../../runtime/log.ts";
import { UsageError } from "../command.ts";
import type { Config } from "../config.ts";
import type { ConsoleServerValues } from "../console-options.ts";
import type { CommandContext } from "../context.ts";
import { describeError } from "../describe-error.ts";
import { aborted } from "../stop.ts";
import { artifactsWith, pageDirectory } from "./console.ts";

/** Serves the console to users with tokens of their own until a signal asks to end; that is its normal end, exit code 0. */
export async function runConsoleServer(
  values: ConsoleServerValues,
  { config, stop }: CommandContext,
): Promise<number> {
  const level = LOG_LEVELS.find((each) => each === values["log-level"]);
  if (level === undefined) throw new UsageError(`--log-level: ${values["log-level"]} is no level`);
  const address = parseBindAddress(values["bind-address"]);
  if (address === undefined) throw new UsageError("--bind-address: expected HOST:PORT or :PORT");
  const log = createLog({ level });
  const server = values.server ?? serverOf(config);
  // Without an authority and without headers: it has no credential that a request could go out with by mistake.
  const transport = createHttpsTransport({
    server,
    userAgent: "agent-operator-console",
    ...(await authorityIn(values["certificate-authority"])),
  });
  const served = await startSharedConsole({
    ...address,
    origins: values.origin,
    transport,
    assets: await readAssets(await pageDirectory(config, stop.signal)),
    session: { context: values.name, namespace: values.namespace ?? "default", server },
    fetchArtifact: artifactsWith(values.image),
    describeError: (error) => describeError(error, { debug: false }),
  });
  const probes = parseBindAddress(values["health-probe-bind-address"]);
  const health =
    probes && (await listenPages(probes, { "/healthz": healthPage({}), "/readyz": healthPage({}) }));
  log.info({ address: values["bind-address"], server }, "serves the console");
  await aborted(stop.signal);
  await health?.close();
  await served[Symbol.asyncDispose]();
  transport.close();
  return 0;
}

/** The API server as the kubelet names it to every pod, whether that has a ServiceAccount's token or not. */
function serverOf({ inCluster }: Config): string {
  if (inCluster === undefined) throw new UsageError("--server: this is no pod, so name the API server");
  const { host, port } = inCluster;
  return `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

async function authorityIn(file: string | undefined): Promise<{ ca?: string }> {
  if (file === undefined) return {};
  try {
    return { ca: await readFile(file, "utf8") };
  } catch (error) {
    throw new Error(`cannot read --certificate-authority ${file}`, { cause: error });
  }
}
