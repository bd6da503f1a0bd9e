import { API_GROUP } from "../../api/group.ts";
import type { AgentConfig } from "../../api/agent-config.ts";
import type { AgentProvider } from "../../api/agent-provider.ts";
import type { AgentRun, AgentRunStatus } from "../../api/agent-run.ts";
import type { AgentWorkspace } from "../../api/agent-workspace.ts";
import { customResourceDefinitions } from "../../api/kinds.ts";
import type { ResourceRequirements } from "../../kube/builtin.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { apiVersionOf } from "../../kube/resources.ts";
import { compileSchema } from "../../kube/schema/compile.ts";
import type { ObservedRun } from "../../plan/agent-run/observed.ts";
import { foreseen, MASKED, SECRET_NAME, type Shown, shownValues } from "../../plan/agent-run/foreseen.ts";
import { continuedOf } from "../../plan/agent-run/continuation.ts";
import { planSteps, stepsStatus } from "../../plan/agent-run/steps.ts";
import { isStepsOnly, withContinued } from "../../plan/place.ts";
import { planRun } from "../../plan/agent-run/plan.ts";
import { resolveRun } from "../../plan/agent-run/resolve.ts";
import type { RunPlan } from "../../plan/agent-run/step.ts";

/** What is rendered if a manifest says nothing itself. */
export interface RenderDefaults {
  namespace: string;
  gitImage: string;
  agentImage: string;
  operatorImage: string;
  /** What git containers ask for if the AgentConfig does not say. */
  gitResources?: ResourceRequirements;
}

/** What one object becomes. */
export interface Rendered {
  /** Such as `AgentRun team/fix`. */
  title: string;
  /** What is to be known of it. */
  notes?: string[];
  effective: Shown[];
  /** What it becomes, as it is sent to the API server: the claim and the Job of a run. */
  objects: Record<string, unknown>[];
  /** Default: YAML. */
  format?: "json";
}

/** The objects of files, as an API server would store them. */
export interface RenderedFiles {
  all: readonly KubeObject[];
  ofKind: <T extends KubeObject>(kind: string) => T[];
}

/** Throws an Error that names the object if a manifest is invalid. */
export function filesOf(documents: readonly Record<string, unknown>[], namespace: string): RenderedFiles {
  const all = documents.map((document) => admitted(document, namespace));
  return {
    all,
    ofKind: <T extends KubeObject>(kind: string) => all.filter((each) => each.kind === kind) as T[],
  };
}

/**
 * What a run becomes, with the AgentConfigs, AgentProviders and AgentWorkspaces beside it. Secrets are taken to exist, a
 * workspace to be Ready. Throws an Error that names the run if it could not start.
 */
export function renderRun(given: AgentRun, { ofKind }: RenderedFiles, defaults: RenderDefaults): Rendered {
  const run = continuing(given, ofKind<AgentRun>("AgentRun"));
  const observed = foreseen(
    run,
    {
      configs: ofKind<AgentConfig>("AgentConfig"),
      providers: ofKind<AgentProvider>("AgentProvider"),
      workspaces: ofKind<AgentWorkspace>("AgentWorkspace"),
    },
    { ...defaults, imagePullTimeoutSeconds: 300 },
  );
  const name = `${run.metadata.namespace}/${run.metadata.name}`;
  const title = `AgentRun ${name}`;
  if (isStepsOnly(run.spec)) return { title, effective: [], objects: stepObjects(observed) };
  const resolution = resolveRun(observed);
  if ("obstacle" in resolution) {
    const { reason, message } = resolution.obstacle;
    throw new Error(
      `AgentRun ${name} would not start: ${reason}: ${message} (objects are looked up in the files only)`,
    );
  }
  const objects = [...planned(planRun(observed)), ...stepObjects(observed, resolution.resolved.agent)];
  return { title, effective: shownValues(resolution.origins), objects };
}

function planned({ create }: RunPlan): Record<string, unknown>[] {
  return create.map(({ type, object }) => ({
    ...masked({ apiVersion: apiVersionOf(type), kind: type.kind, ...object }),
  }));
}

/** The Jobs that follow the agent, each as if what comes before it had ended as it has to for that. */
function stepObjects(observed: ObservedRun, agent?: string): Record<string, unknown>[] {
  const { spec } = observed.run;
  const began = stepsStatus(observed.run, observed.now);
  const ends: AgentRunStatus["verification"][] = [
    ...(spec.verify ? [undefined] : []),
    ...(spec.verify?.gate === "NoRegression" ? [{ exitCode: 1 }] : []),
    ...(spec.publish ? [{ verdict: "Passed" as const }] : []),
  ];
  return ends.flatMap((verification) => {
    const status = { ...began, ...(agent !== undefined && { agent }), verification };
    const plan = planSteps({ ...observed, run: { ...observed.run, status } });
    return plan ? planned(plan) : [];
  });
}

/** An object as the API server would store it; refuses what that would refuse. */
export function admitted(document: object, namespace: string): KubeObject {
  const { apiVersion, kind, metadata: given } = document as Partial<KubeObject>;
  const metadata = { namespace, ...given };
  const object = { ...document, metadata: { uid: "assigned-by-the-api-server", ...metadata } };
  if (!String(apiVersion).startsWith(`${API_GROUP}/`)) return object as KubeObject;
  const crd = customResourceDefinitions().find(({ spec }) => spec.names.kind === kind);
  const schema = compileSchema(crd?.spec.versions[0]?.schema.openAPIV3Schema);
  const json: unknown = JSON.parse(JSON.stringify(object));
  const [unknown] = schema.prune(json).unknownPaths;
  if (unknown !== undefined)
    throw new Error(`${String(kind)} ${metadata.name} is invalid: unknown field "${unknown}"`);
  const stored = schema.applyDefaults(json);
  const [error] = schema.validate(stored);
  if (error) throw new Error(`${String(kind)} ${metadata.name} is invalid: ${error.field}: ${error.message}`);
  return stored as KubeObject;
}

/** As if the run that it continues had ended, and all is there that it has left. */
function continuing(run: AgentRun, runs: readonly AgentRun[], seen: readonly AgentRun[] = []): AgentRun {
  const { continueFrom } = run.spec;
  if (!continueFrom) return run;
  const { namespace, name } = run.metadata;
  const before = runs.find(
    ({ metadata }) => metadata.name === continueFrom.run && metadata.namespace === namespace,
  );
  if (!before || seen.includes(before)) {
    throw new Error(
      `AgentRun ${namespace}/${name} continues AgentRun ${continueFrom.run}, ` +
        (before ? "which waits for it" : "which is not among the objects; name its file with --filename"),
    );
  }
  const continued = continuedOf(continuing(before, runs, [...seen, before]));
  return withContinued({ ...run, status: { phase: "Pending", ...(continued && { continued }) } });
}

/** Without the literal values of variables whose names say that they are secret. */
export function masked<T>(value: T): T {
  if (Array.isArray(value)) return value.map((item: unknown) => masked(item)) as T;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, masked(item)] as const);
  const copy: Record<string, unknown> = Object.fromEntries(entries);
  const { name, value: literal } = copy;
  if (typeof name === "string" && typeof literal === "string" && SECRET_NAME.test(name))
    copy["value"] = MASKED;
  return copy as T;
}
