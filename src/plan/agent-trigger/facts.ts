import type { EventSource } from "../../api/agent-trigger.ts";
import { fieldOf, isObject, objectsAt, valueAt } from "../../kube/json.ts";

/** What an event of a forge is about, as far as it says. */
export interface EventFacts {
  /** The repository's name on the forge. */
  repository?: string;
  actor?: Actor;
  /** Number of the pull request. */
  pullRequest?: number;
  /** Number of the issue, or of the pull request. */
  number?: number;
  /** Whether the pull request is from another repository; undefined: the event does not say. */
  isFork?: boolean;
  /** The commit that it is about. */
  commit?: string;
  /** The branch that it is about, of the repository itself. */
  branch?: string;
  /** What of the branch it is about: that something was pushed, or its pull request. */
  about?: "push" | "pullRequest";
  /** RFC 3339 */
  changedAt?: string;
  /** Of a comment. */
  comment?: string;
  /** Names of the commit statuses or check runs that it is about; of a pipeline those that have failed, if some have. */
  statuses?: string[];
  /** Account of the GitHub App whose check suite it is about. */
  suiteOf?: string;
}

export interface Actor {
  name: string;
  id?: number;
  isBot: boolean;
}

/** What an event is about; nothing for sources that are no forge. */
export function factsOf(source: EventSource, event: unknown): EventFacts {
  switch (source) {
    case "GitHub":
      return githubFacts(event);
    case "Gitea":
      return giteaFacts(event);
    case "GitLab":
      return gitlabFacts(event);
    default:
      return {};
  }
}

function githubFacts(event: unknown): EventFacts {
  return {
    ...commonFacts(event),
    ...checkFacts(event),
    actor: actorOf(event, (sender) => fieldOf(sender, "type") !== "User"),
  };
}

function giteaFacts(event: unknown): EventFacts {
  const isBot = (sender: unknown): boolean => (number(sender, "id") ?? 0) <= 0;
  return { ...commonFacts(event), actor: actorOf(event, isBot) };
}

function actorOf(event: unknown, isBot: (sender: unknown) => boolean): Actor | undefined {
  const sender = fieldOf(event, "sender");
  const name = text(sender, "login") ?? text(sender, "username");
  return name === undefined ? undefined : { name, isBot: isBot(sender) };
}

/** Of what GitHub and Gitea have alike. */
function commonFacts(event: unknown): EventFacts {
  const pull = fieldOf(event, "pull_request");
  const issue = fieldOf(event, "issue");
  const ref = text(event, "ref");
  const facts = {
    repository: text(event, "repository", "full_name"),
    comment: text(event, "comment", "body"),
  };
  if (isObject(pull) && number(pull, "number") !== undefined) {
    const [head, base] = [text(pull, "head", "repo", "full_name"), text(pull, "base", "repo", "full_name")];
    return {
      ...facts,
      pullRequest: number(pull, "number"),
      number: number(pull, "number"),
      // A repository that is gone is another one.
      isFork:
        isOther(head, base) &&
        isOther(number(pull, "head", "repo", "id"), number(pull, "base", "repo", "id")),
      commit: text(pull, "head", "sha"),
      branch: text(pull, "head", "ref"),
      about: "pullRequest",
      changedAt: text(pull, "updated_at"),
    };
  }
  if (isObject(issue)) {
    const of = number(issue, "number");
    const isPull = isObject(fieldOf(issue, "pull_request")) || fieldOf(event, "is_pull") === true;
    return { ...facts, number: of, ...(isPull ? { pullRequest: of } : { isFork: false }) };
  }
  if (ref !== undefined && text(event, "after") !== undefined)
    return { ...facts, branch: branchOf(ref), commit: text(event, "after"), about: "push", isFork: false };
  const status = text(event, "context");
  if (status !== undefined)
    return { ...facts, isFork: false, commit: text(event, "sha"), statuses: [status] };
  return { ...facts, isFork: false };
}

/** Of check_run, check_suite and workflow_run. For pull requests of forks GitHub leaves the list empty, so that nothing says whose commit it is. */
function checkFacts(event: unknown): EventFacts {
  const check = ["check_run", "check_suite", "workflow_run"]
    .map((name) => fieldOf(event, name))
    .find((each) => isObject(each));
  if (check === undefined) return {};
  const [pull] = objectsAt(check, "pull_requests");
  const head = valueAt(check, "head_repository", "id") ?? valueAt(pull, "head", "repo", "id");
  const name = text(event, "check_run", "name");
  const app = text(event, "check_suite", "app", "slug");
  return {
    commit: text(check, "head_sha"),
    branch: text(check, "head_branch") ?? text(check, "check_suite", "head_branch"),
    isFork: head === undefined ? undefined : head !== valueAt(event, "repository", "id"),
    ...(pull && { pullRequest: number(pull, "number"), number: number(pull, "number") }),
    ...(name !== undefined && { statuses: [name] }),
    ...(app !== undefined && { suiteOf: `${app}[bot]` }),
  };
}

/** Accounts of tokens that belong to a project or a group, and of services. */
const GITLAB_BOT = /^(project|group)_\d+_bot|^service_account|^gitlab-bot$|^ghost$/;

function gitlabFacts(event: unknown): EventFacts {
  const name = text(event, "user", "username") ?? text(event, "user_username");
  const id = number(event, "user", "id") ?? number(event, "user_id");
  const attributes = fieldOf(event, "object_attributes");
  const kind = text(event, "object_kind");
  const merge = kind === "merge_request" ? attributes : fieldOf(event, "merge_request");
  const common: EventFacts = {
    repository: text(event, "project", "path_with_namespace"),
    actor: name === undefined ? undefined : { name, id, isBot: GITLAB_BOT.test(name) },
    comment: kind === "note" ? text(attributes, "note") : undefined,
  };
  if (isObject(merge))
    return {
      ...common,
      pullRequest: number(merge, "iid"),
      number: number(merge, "iid"),
      isFork: number(merge, "source_project_id") !== number(merge, "target_project_id"),
      commit: text(merge, "last_commit", "id") ?? text(attributes, "sha"),
      branch: text(merge, "source_branch"),
      ...(kind === "merge_request" && { about: "pullRequest", changedAt: text(merge, "updated_at") }),
    };
  if (kind === "push" || kind === "tag_push")
    return {
      ...common,
      branch: branchOf(text(event, "ref") ?? ""),
      commit: text(event, "after"),
      about: "push",
      isFork: false,
    };
  const issue = kind === "issue" || kind === "work_item" ? attributes : fieldOf(event, "issue");
  const of = kind === "pipeline" ? pipelineFacts(event, attributes) : {};
  return { ...common, ...of, number: number(issue, "iid"), isFork: false };
}

function pipelineFacts(event: unknown, attributes: unknown): EventFacts {
  const builds = objectsAt(event, "builds");
  const failed = builds.filter((each) => text(each, "status") === "failed");
  const statuses = (failed.length > 0 ? failed : builds).map((each) => text(each, "name") ?? "");
  return { commit: text(attributes, "sha"), branch: text(attributes, "ref"), statuses };
}

/** A list of events names repositories by their ids alone. */
function isOther<T extends string | number>(head: T | undefined, base: T | undefined): boolean {
  return head === undefined || base === undefined || !isSameName(String(head), String(base));
}

export function isSameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function branchOf(ref: string): string | undefined {
  return ref.startsWith("refs/heads/") ? ref.slice("refs/heads/".length) : undefined;
}

function text(value: unknown, ...path: string[]): string | undefined {
  const found = valueAt(value, ...path);
  return typeof found === "string" && found !== "" ? found : undefined;
}

function number(value: unknown, ...path: string[]): number | undefined {
  const found = valueAt(value, ...path);
  return typeof found === "number" && Number.isSafeInteger(found) ? found : undefined;
}
