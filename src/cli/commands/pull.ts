import { resolve } from "node:path";
import type { AgentRun } from "../../api/agent-run.ts";
import type { Client } from "../../client/client.ts";
import { printableLine } from "../../kube/printable.ts";
import { bringHome } from "../bring-home.ts";
import { findCheckout } from "../checkout.ts";
import { withCluster } from "../cluster.ts";
import { UsageError } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { fetchArtifacts } from "../fetch-artifacts.ts";
import { findRun } from "../find-run.ts";
import type { PullValues } from "../look-options.ts";

/** Brings a run's commits into the repository that the user is in, as a branch. Exit code 0: the branch is there. */
export async function runPull(values: PullValues, context: CommandContext): Promise<number> {
  const { config, out } = context;
  const directory = resolve(config.workingDirectory, values.repo ?? ".");
  const checkout = await findCheckout(config, directory);
  if (checkout === undefined)
    throw new UsageError(
      `${values.repo ?? "this folder"} is in no git repository; name the one to bring the work into with --repo DIR`,
    );
  return withCluster(values, context, async (cluster) => {
    const run = await findRun(cluster, values.run, context);
    for (const line of await pullInto(checkout.root, run, { ...values, client: cluster.client }, context))
      out.line(line);
    return 0;
  });
}

/** Brings a run's work into a repository. Resolves to what the user should know. */
export async function pullInto(
  root: string,
  run: AgentRun,
  { client, branch, image }: { client: Client; branch: string | undefined; image: string | undefined },
  { config, stop }: Pick<CommandContext, "config" | "stop">,
): Promise<string[]> {
  const name = run.metadata.name ?? "";
  const { files, cut } = await fetchArtifacts(client, run, {
    wanted: ["bundle"],
    image,
    signal: stop.signal,
  });
  const bundle = files.get("bundle");
  if (cut.length > 0) throw new Error(`the work of ${name} is larger than 256 MiB; take it from the claim`);
  if (bundle === undefined) throw new Error(`${name} has changed nothing, or its checkout is gone`);
  const home = await bringHome(config, { bundle, root, branch: branch ?? `agent/${name}` });
  const { git, repositories } = run.status?.result ?? {};
  const what = home.wasThere ? "has it all already" : `${home.commits} commit(s) that HEAD does not have`;
  return [
    `branch ${home.branch}: ${what}, at ${home.commit.slice(0, 12)}`,
    ...(git?.uncommittedChanges === true ? ["its last commit is what the agent had not committed"] : []),
    ...(git?.branches ?? []).map((other) =>
      printableLine(`not taken: branch ${other.name} of the run, ${other.commits} commit(s)`),
    ),
    ...(repositories ?? []).map((other) =>
      printableLine(
        `not in it: what changed in ${other.name}: agent-operator diff ${name} --repository ${other.name}`,
      ),
    ),
    ...(git?.leftOut ?? []).map((path) => printableLine(`not in it: ${path}`)),
    "",
    `look at it:  git diff HEAD...${home.branch}`,
    `take it:     git merge ${home.branch}`,
  ];
}
