import {
  ANNOTATION_BRANCH,
  ANNOTATION_CREDENTIAL,
  ANNOTATION_MODEL,
  ANNOTATION_PROVIDER,
  LABEL_AGENT_TYPE,
} from "../../api/labels.ts";
import type { Job } from "../../kube/builtin.ts";
import { formatDuration } from "../../kube/duration.ts";
import type { ResolvedRun } from "../resolved-run.ts";
import { AGENT_CONTAINER } from "./names.ts";

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
    [ANNOTATION_CREDENTIAL]: token && `${token.name}/${token.key}`,
  };
  return Object.fromEntries(
    Object.entries(facts).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** Reads the facts from a run's Job, whichever operator process created it. */
export function factsOf(job: Job): JobFacts {
  const { labels, annotations } = job.metadata;
  const pod = job.spec.template.spec;
  return {
    agent: labels?.[LABEL_AGENT_TYPE],
    provider: annotations?.[ANNOTATION_PROVIDER],
    model: annotations?.[ANNOTATION_MODEL],
    image: pod.containers.find(({ name }) => name === AGENT_CONTAINER)?.image,
    timeout: pod.activeDeadlineSeconds === undefined ? undefined : formatDuration(pod.activeDeadlineSeconds),
    branch: annotations?.[ANNOTATION_BRANCH],
    credential: annotations?.[ANNOTATION_CREDENTIAL],
  };
}
