/** A manifest of one of this project's kinds, right or wrong. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
  spec?: unknown;
}

/** A manifest that is refused when it is created, with one line of what the user sees. */
export interface RefusedManifest {
  readonly what: string;
  readonly manifest: Manifest;
  /** A line `field: message`, as kubectl prints it. */
  readonly says: string;
}

/** A change that is refused: `before` was created, in the given phase if there is one. */
export interface RefusedChange {
  readonly what: string;
  readonly before: Manifest;
  readonly phase?: string;
  readonly after: Manifest;
  readonly says: string;
}

/** Fields of a spec, right or wrong. */
export type Fields = Record<string, unknown>;

/** A manifest with this `spec`. */
export function manifest(kind: string, spec: unknown, name = "under-test"): Manifest {
  return { apiVersion: "agent.xonovex.com/v1alpha1", kind, metadata: { name }, spec };
}

/** The repository of every manifest that is not about one. */
export const repository = { url: "https://github.com/org/repo.git" };

/** A run that is right but for these fields. */
export function run(fields: Fields, name?: string): Manifest {
  return manifest("AgentRun", { repository, prompt: "Fix the login bug", ...fields }, name);
}

/** A run without one of the fields that it needs. */
export function runWithout(field: string, fields: Fields = {}): Manifest {
  const spec: Fields = { repository, prompt: "Fix the login bug", ...fields };
  delete spec[field];
  return manifest("AgentRun", spec);
}

/** A run whose repository is right but for these fields. */
export function cloning(fields: Fields): Manifest {
  return run({ repository: { ...repository, ...fields } });
}

/** A workspace that is right but for these fields. */
export function workspace(fields: Fields, name?: string): Manifest {
  return manifest("AgentWorkspace", { repository, ...fields }, name);
}

/** A workspace with these shared volumes. */
export function sharing(...sharedVolumes: Fields[]): Manifest {
  return workspace({ sharedVolumes });
}

/** A provider that is right but for these fields. */
export function provider(fields: Fields): Manifest {
  return manifest("AgentProvider", { agentTypes: ["claude"], ...fields });
}

/** An AgentConfig of these fields. */
export function config(fields: Fields): Manifest {
  return manifest("AgentConfig", fields);
}
