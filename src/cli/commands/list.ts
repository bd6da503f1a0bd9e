import type { AgentRun } from "../../api/agent-run.ts";
import { agentRuns } from "../../api/resources.ts";
import { withCluster, type UserCluster } from "../cluster.ts";
import { UsageError } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { listRuns } from "../find-run.ts";
import type { ListValues } from "../look-options.ts";
import { renderObject, renderValue, shownObject } from "../print-objects.ts";
import { createTableWriter, readTable, watchTable, type Row } from "../tables.ts";

/** Shows the runs of a namespace, or of all, in the server's own columns. */
export async function runList(values: ListValues, context: CommandContext): Promise<number> {
  const { output } = values;
  if (values["all-namespaces"] && values.namespace !== undefined)
    throw new UsageError("--all-namespaces and --namespace exclude each other");
  if (values.watch && output !== undefined && output !== "wide")
    throw new UsageError(`--watch shows a table, and -o ${output} asks for something else`);
  return withCluster(values, context, async (cluster) => {
    const namespace = values["all-namespaces"] ? undefined : cluster.namespace;
    if (output === undefined || output === "wide") return showTable(cluster, namespace, values, context);
    const runs = (await listRuns(cluster.client, namespace, context.stop.signal)).filter((run) =>
      isWanted(run, values),
    );
    writeObjects(runs, output, context);
    return 0;
  });
}

function isWanted({ status }: { status?: { phase?: string } }, { phase }: ListValues): boolean {
  return phase === undefined || phase === (status?.phase ?? "Pending");
}

function writeObjects(runs: readonly AgentRun[], output: string, { out }: CommandContext): void {
  if (output === "name") {
    for (const run of runs) out.write(renderObject(run, "name"));
    return;
  }
  const items = runs.map(shownObject);
  out.write(renderValue({ apiVersion: "v1", kind: "List", items }, output === "json" ? "json" : "yaml"));
}

async function showTable(
  { client }: UserCluster,
  namespace: string | undefined,
  values: ListValues,
  { out, stop, program }: CommandContext,
): Promise<number> {
  const table = await readTable(client, agentRuns, { namespace, signal: stop.signal });
  const isRowWanted = (row: Row): boolean => isWanted(row.object ?? {}, values);
  const rows = (table.rows ?? []).filter(isRowWanted);
  const writer = createTableWriter(
    { ...table, rows },
    { wide: values.output === "wide", withNamespace: namespace === undefined },
  );
  if (rows.length > 0 || values.watch) out.line(writer.header());
  else
    out.error(
      `no runs${namespace === undefined ? "" : ` in namespace ${namespace}`}; start one with ${program} run`,
    );
  for (const row of rows) out.line(writer.line(row));
  if (!values.watch) return 0;
  const from = { namespace, resourceVersion: table.metadata?.resourceVersion ?? "", signal: stop.signal };
  for await (const row of watchTable(client, agentRuns, from))
    if (isRowWanted(row)) out.line(writer.line(row));
  return stop.exitCode();
}
