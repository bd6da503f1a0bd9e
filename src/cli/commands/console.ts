import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { agentRuns } from "../../api/resources.ts";
import { createClient } from "../../client/client.ts";
import { readAssets } from "../../console/assets.ts";
import { startConsole, type Console, type ConsoleOptions } from "../../console/server.ts";
import type { UserCluster } from "../cluster.ts";
import { withCluster } from "../cluster.ts";
import type { Config } from "../config.ts";
import type { ConsoleValues } from "../console-options.ts";
import type { CommandContext } from "../context.ts";
import { describeError } from "../describe-error.ts";
import { aborted } from "../stop.ts";

const BUILD_LIMIT_MS = 60_000;
/** A browser that is given more has to hold it all. */
const MAX_ARTIFACT_BYTES = 8 * 1024 * 1024;
/** The console holds it too. */
const MAX_READ_BYTES = 16 * 1024 * 1024;

/** Serves the console until a signal asks to end; that is its normal end, exit code 0. */
export async function runConsole(values: ConsoleValues, context: CommandContext): Promise<number> {
  const { out, stop } = context;
  return withCluster(values, context, async (cluster) => {
    await using served = await serveConsole(cluster, values, context);
    out.line(`The console of ${cluster.context} is at\n\n  ${served.address}\n`);
    out.line(
      "The address works once, within 10 minutes. The browser that opens it stays signed in until Ctrl-C.",
    );
    await aborted(stop.signal);
    return 0;
  });
}

/** The console with the credential of this cluster's user. Rejects if the port is taken. */
export async function serveConsole(
  cluster: UserCluster,
  { port, image }: Partial<Pick<ConsoleValues, "port" | "image">>,
  { config, stop }: Pick<CommandContext, "config" | "stop">,
): Promise<Console> {
  return startConsole({
    transport: cluster.transport,
    assets: await readAssets(await pageDirectory(config, stop.signal)),
    session: { context: cluster.context, namespace: cluster.namespace, server: cluster.server },
    fetchArtifact: artifactsWith(image),
    describeError: (error) => describeError(error, { debug: false }),
    port: Number(port ?? 0),
    now: Date.now,
  });
}

/** Reads a run's file by a pod of this image, with the rights of the transport. */
export function artifactsWith(image: string | undefined): ConsoleOptions["fetchArtifact"] {
  return async (transport, at, file, signal) => {
    // Only once somebody asks: with it come the agents and what their pods are made of.
    const { fetchArtifacts } = await import("../fetch-artifacts.ts");
    const client = createClient(transport, { fieldManager: "agent-operator-console" });
    const run = await client.get(agentRuns, at, { signal });
    const { files, cut } = await fetchArtifacts(client, run, {
      wanted: [file],
      image,
      signal,
      maxBytes: MAX_READ_BYTES,
    });
    const bytes = files.get(file) ?? Buffer.alloc(0);
    return {
      text: bytes.subarray(0, MAX_ARTIFACT_BYTES).toString("utf8"),
      isCut: cut.length > 0 || bytes.length > MAX_ARTIFACT_BYTES,
    };
  };
}

/** Where the page is: beside the program; in a checkout it is made anew, so that it is never an old one. */
export async function pageDirectory({ packageRoot }: Config, signal: AbortSignal): Promise<string> {
  const script = join(packageRoot, "scripts", "web.ts");
  if (!existsSync(script)) return join(packageRoot, "console");
  const directory = join(packageRoot, "dist", "console");
  await promisify(execFile)(process.execPath, [script, directory], {
    timeout: BUILD_LIMIT_MS,
    signal,
  });
  return directory;
}
