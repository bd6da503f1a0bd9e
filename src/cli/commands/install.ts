import { join } from "node:path";
import { createClient } from "../../client/client.ts";
import { kubeconfigTransport } from "../../client/kubeconfig.ts";
import { parseDuration } from "../../kube/duration.ts";
import { apply, installDefinitions } from "../../local/install.ts";
import { UsageError } from "../command.ts";
import type { InstallValues } from "../options.ts";
import type { CommandContext } from "../context.ts";
import { installFile, installManifests } from "./install-manifests.ts";
import { untilRolledOut } from "./rollout.ts";

const DEPLOYMENT = "agent-operator";

/** Applies config/crd and config/default to the cluster of the current context. */
export async function runInstall(values: InstallValues, { config, out }: CommandContext): Promise<number> {
  const limit = parseDuration(values.timeout);
  if (limit === undefined) throw new UsageError("--timeout: expected a duration such as 90s");
  const directory = join(config.packageRoot, "config");
  const { namespace, registry, image, "git-image": git, "agent-image": agent } = values;
  const manifests = await installManifests(directory, {
    namespace,
    registry,
    images: { operator: image, git, agent },
  });
  if (values["dry-run"]) {
    out.write(installFile(manifests));
    return 0;
  }
  const { transport, server } = await kubeconfigTransport({
    paths: config.kubeconfigPaths,
    environment: config.environment,
  });
  const client = createClient(transport);
  try {
    out.line(`installing into ${server}`);
    await installDefinitions(client);
    for (const { type, object } of [...manifests.definitions, ...manifests.operator]) {
      await apply(client, type, object);
      out.line(`${type.kind.toLowerCase()}/${object.metadata.name} applied`);
    }
    if (values.wait) {
      await untilRolledOut(client, { namespace, name: DEPLOYMENT }, limit * 1_000);
      out.line(`deployment/${DEPLOYMENT} is available`);
    }
  } finally {
    transport.close();
  }
  if (!values.wait) out.line(`\nkubectl -n ${namespace} rollout status deployment/${DEPLOYMENT}`);
  return 0;
}
