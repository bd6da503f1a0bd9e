import type { AgentRun } from "../../api/agent-run.ts";
import {
  agentConfigs,
  agentProviders,
  agentRuns,
  agentSchedules,
  agentWorkspaces,
} from "../../api/resources.ts";
import { ApiError } from "../../client/errors.ts";
import { secrets } from "../../kube/builtin.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { activeConfig } from "../../plan/active-config.ts";
import {
  providerNameOf,
  repositoryNeeds,
  type SecretNeed,
  secretsNeeded,
} from "../../plan/agent-run/references.ts";
import { isFinished } from "../../plan/agent-run/status.ts";
import { type CheckContext, type Finding, none, ok, problem, warning } from "./doctor-findings.ts";

/** Who needs a key of a Secret. */
interface Need extends SecretNeed {
  who: string;
}

/** Names in a finding. */
const MAX_NAMES = 5;

/** The Secrets of what is still to run: each has to have its keys. Values are dropped as soon as they are read. */
export async function checkSecrets(context: CheckContext): Promise<Finding[]> {
  const needs = Map.groupBy(await needsIn(context), ({ ref }) => ref.name);
  return Promise.all([...needs].toSorted(byName).map(([name, wanted]) => findingOf(context, name, wanted)));
}

function byName([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}

async function needsIn({ client, namespace }: CheckContext): Promise<Need[]> {
  const at = { namespace };
  const [runs, schedules, workspaces, providers, configs] = await Promise.all([
    client.list(agentRuns, at).catch(none),
    client.list(agentSchedules, at).catch(none),
    client.list(agentWorkspaces, at).catch(none),
    client.list(agentProviders, at).catch(none),
    client.list(agentConfigs, at).catch(none),
  ]);
  const config = activeConfig(configs.items);
  const ofRun = (run: AgentRun): SecretNeed[] => {
    const provider = providers.items.find(({ metadata }) => metadata.name === providerNameOf(run, config));
    return secretsNeeded(run, { config, provider });
  };
  const named = (kind: string, { metadata }: KubeObject, found: SecretNeed[]): Need[] =>
    found.map((need) => ({ ...need, who: `${kind} ${metadata.name}` }));
  return [
    ...runs.items.filter((run) => !isFinished(run)).flatMap((run) => named("AgentRun", run, ofRun(run))),
    ...schedules.items.flatMap((schedule) =>
      named("AgentSchedule", schedule, ofRun({ metadata: {}, spec: schedule.spec.runTemplate.spec })),
    ),
    ...workspaces.items.flatMap((one) => named("AgentWorkspace", one, repositoryNeeds(one.spec.repository))),
  ];
}

async function findingOf({ client, namespace }: CheckContext, name: string, needs: Need[]): Promise<Finding> {
  const keys = await client.get(secrets, { namespace, name }).then(
    ({ data }) => new Set(Object.keys(data ?? {})),
    (error: unknown) => {
      if (error instanceof ApiError && (error.code === 404 || error.code === 403)) return error.code;
      throw error;
    },
  );
  if (keys === 403)
    return warning(
      "Secret",
      `${name} may not be read by you, so its keys are not known`,
      `kubectl --namespace ${namespace} describe secret ${name}`,
    );
  const missing =
    keys === 404 ? needs : needs.filter(({ ref }) => ref.key !== undefined && !keys.has(ref.key));
  const [first] = missing;
  if (!first) return ok("Secret", `${name} has the keys for ${whoOf(needs)}`);
  const why = `${first.purpose} of ${whoOf(missing)}`;
  return keys === 404
    ? problem("Secret", `${name} does not exist; it is to hold ${why}`, createCommand(namespace, name, needs))
    : problem(
        "Secret",
        `${name} has no key ${[...new Set(missing.map(({ ref }) => ref.key))].join(", ")}; it is to hold ${why}`,
        `kubectl --namespace ${namespace} edit secret ${name}`,
      );
}

function whoOf(needs: readonly Need[]): string {
  const names = [...new Set(needs.map(({ who }) => who))];
  const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : "";
  return names.slice(0, MAX_NAMES).join(", ") + more;
}

function createCommand(namespace: string, name: string, needs: readonly Need[]): string {
  const keys = [...new Set(needs.map(({ ref }) => ref.key ?? "KEY"))].map((key) => `--from-file=${key}=FILE`);
  return `kubectl --namespace ${namespace} create secret generic ${name} ${keys.join(" ")}`;
}
