import { sizes } from "./sizes.ts";
import { publishing } from "./publishing.ts";
import { references, runs, durations } from "./runs.ts";
import { urls, branches, git } from "./git.ts";
import { environment, pods } from "./pods.ts";
import { workspaces } from "./workspaces.ts";
import { others } from "./others.ts";
import { notifiers } from "./notifiers.ts";
import { triggers } from "./triggers.ts";
import { schedules } from "./schedules.ts";
import type { RefusedManifest } from "./manifest.ts";

/** Manifests that an API server refuses, with no webhook and no operator running. */
export const REFUSED_MANIFESTS: readonly RefusedManifest[] = [
  ...sizes,
  ...references,
  ...runs,
  ...durations,
  ...urls,
  ...branches,
  ...git,
  ...publishing,
  ...environment,
  ...pods,
  ...workspaces,
  ...others,
  ...schedules,
  ...triggers,
  ...notifiers,
];
