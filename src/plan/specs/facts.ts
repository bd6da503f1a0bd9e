import {
  ANNOTATION_BRANCH,
  ANNOTATION_CREDENTIAL,
  ANNOTATION_IMAGE,
  ANNOTATION_MODEL,
  ANNOTATION_PROVIDER,
  ANNOTATION_TIMEOUT,
  LABEL_AGENT_TYPE,
} from "../../api/labels.ts";
import { formatDuration } from "../../kube/duration.ts";
import type { KubeObject } from "../../kube/objects.ts";
import type { ResolvedRun } from "../resolved-run.ts";

/** What a run's defaults and references came to, as its status shows it. */
export interface JobFacts {
  agent?: string;
  provider?: string;
  model?: string;
  image?: string;
  /** A Go duration. */
  timeout?: string;
  branch?: string;
  /** `<secret>/<key>` */
  credential?: string;
}

/** The annotations that `factsOf` reads back. */
export function factAnnotations(run: ResolvedRun): Record<string, string> {
  const token = run.provider?.token?.secret;
  const facts: Record<string, string | undefined> = {
    [ANNOTATION_PROVIDER]: run.provider?.name,
    [ANNOTATION_MODEL]: run.model,
    [ANNOTATION_BRANCH]: run.worktree?.branch ?? run.repository?.branch ?? run.workspace?.repository.branch,
    [ANNOTATION_IMAGE]: run.image,
    [ANNOTATION_TIMEOUT]: formatDuration(run.timeoutSeconds),
    [ANNOTATION_CREDENTIAL]: token && `${token.name}/${token.key}`,
  };
  return Object.fromEntries(
    Object.entries(facts).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** Reads the facts from a run's Job, whichever operator process created it. */
export function factsOf({ metadata }: KubeObject): JobFacts {
  const { labels, annotations } = metadata;
  return {
    agent: labels?.[LABEL_AGENT_TYPE],
    provider: annotations?.[ANNOTATION_PROVIDER],
    model: annotations?.[ANNOTATION_MODEL],
    image: annotations?.[ANNOTATION_IMAGE],
    timeout: annotations?.[ANNOTATION_TIMEOUT],
    branch: annotations?.[ANNOTATION_BRANCH],
    credential: annotations?.[ANNOTATION_CREDENTIAL],
  };
}
