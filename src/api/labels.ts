import { API_GROUP } from "./group.ts";

/** Recommended labels of Kubernetes, as every child of this operator carries them. */
export const LABEL_NAME = "app.kubernetes.io/name";
export const LABEL_INSTANCE = "app.kubernetes.io/instance";
export const LABEL_COMPONENT = "app.kubernetes.io/component";
export const LABEL_MANAGED_BY = "app.kubernetes.io/managed-by";

/** The value of both `name` and `managed-by`. */
export const OPERATOR_NAME = "agent-operator";

/** The agent of a run: `kubectl get jobs,pods -l agent.xonovex.com/agent-type=claude`. */
export const LABEL_AGENT_TYPE = `${API_GROUP}/agent-type`;
/** The name of the AgentRun that a child belongs to. */
export const LABEL_RUN = `${API_GROUP}/run`;
/** The name of the AgentWorkspace that a child belongs to or uses. */
export const LABEL_WORKSPACE = `${API_GROUP}/workspace`;

/** On a Job and pod after the agent's, which it is: `verify`, `base` or `publish`. */
/** On a cache's claim: the cache's name. On pods `<this>-<name>`: that they use it. */
export const LABEL_CACHE = "agent.xonovex.com/cache";

export const LABEL_STEP = `${API_GROUP}/step`;

/** The name of the AgentSchedule that has started a run. */
export const LABEL_SCHEDULE = `${API_GROUP}/schedule`;
/** On a run of a schedule: the time that it was started for, RFC 3339. None on one that a user has started. */
export const ANNOTATION_SCHEDULED_AT = `${API_GROUP}/scheduled-at`;

/** The name of the AgentTrigger that has started a run. */
export const LABEL_TRIGGER = `${API_GROUP}/trigger`;
/** On a run of a trigger with concurrency: the group that it is in, hashed. */
export const LABEL_GROUP = `${API_GROUP}/group`;
/** On a run of a trigger, or of a schedule that replaces: what becomes of it, or of others, if its group has other runs at work. */
export const ANNOTATION_CONCURRENCY = `${API_GROUP}/concurrency`;
/** On a run of a trigger: how many of the trigger's runs may start in an hour. */
export const ANNOTATION_PER_HOUR = `${API_GROUP}/runs-per-hour`;
/** On a run that its trigger reports: the issue or pull request that gets a comment, such as issue/7. */
export const ANNOTATION_REPORT = `${API_GROUP}/report`;
/** On a run that its trigger reports: the commit that gets a status. */
export const ANNOTATION_REPORT_COMMIT = `${API_GROUP}/report-commit`;
/** On a run of a trigger that was started for another run's end: the triggers before it, such as team/a,team/b. */
export const ANNOTATION_TRIGGERS = `${API_GROUP}/triggers`;
/** `"true"` on a run whose event is in the ConfigMap `<run>-event`, which its agent can read. */
export const ANNOTATION_EVENT = `${API_GROUP}/event`;

/** `"true"` on an AgentRun stops it and keeps its work. */
export const ANNOTATION_CANCEL = `${API_GROUP}/cancel`;
/** On an AgentRun that the command line has made: who asked for it, as the cluster knows them. */
export const ANNOTATION_USER = `${API_GROUP}/user`;
/** Any new value on an AgentWorkspace makes a failed clone start again. */
export const ANNOTATION_RETRY = `${API_GROUP}/retry`;

/** `Force` on an AgentRun with worktree.cleanup removes also a worktree with work that no branch has. */
export const ANNOTATION_CLEANUP = `${API_GROUP}/cleanup`;

/** On an AgentWorkspace that runs are at work in: its deletion waits for them. */
export const FINALIZER_IN_USE = `${API_GROUP}/in-use`;
/** On an AgentRun with worktree.cleanup OnDelete: its deletion waits for the removal of its worktree. */
export const FINALIZER_WORKTREE = `${API_GROUP}/worktree`;

/** On a run's Job: what its defaults and references came to, so that status can be written from its metadata alone. */
export const ANNOTATION_PROVIDER = `${API_GROUP}/provider`;
export const ANNOTATION_MODEL = `${API_GROUP}/model`;
export const ANNOTATION_BRANCH = `${API_GROUP}/branch`;
export const ANNOTATION_IMAGE = `${API_GROUP}/image`;
/** A Go duration. */
export const ANNOTATION_TIMEOUT = `${API_GROUP}/timeout`;
/** `<secret>/<key>` of the provider's credential: names, never the value. */
export const ANNOTATION_CREDENTIAL = `${API_GROUP}/credential`;

/** On a workspace's init Job, a run's clean-up Job and its verifications: what it was made from or for. */
export const ANNOTATION_ORIGIN = `${API_GROUP}/origin`;

/** On a run's clean-up Job: the name of the run that has made the worktree. */
export const ANNOTATION_CHECKOUT = `${API_GROUP}/checkout`;
