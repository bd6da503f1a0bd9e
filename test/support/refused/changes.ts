import { type RefusedChange, repository, run, sharing, workspace } from "./manifest.ts";

const volume = { name: "a", mountPath: "/data" };

/** Changes that an API server refuses. */
export const REFUSED_CHANGES: readonly RefusedChange[] = [
  {
    what: "the prompt of a run",
    before: run({}),
    after: run({ prompt: "Something else" }),
    says: "spec: Forbidden: an AgentRun cannot be changed once it is created; delete it and create it again, or create another under a new name",
  },
  {
    what: "a timeout that is added to a run",
    before: run({}),
    after: run({ timeout: "1h" }),
    says: "spec: Forbidden: an AgentRun cannot be changed once it is created; delete it and create it again, or create another under a new name",
  },
  {
    what: "the storage class of a workspace",
    before: workspace({ storageClass: "nfs-csi" }),
    after: workspace({ storageClass: "standard" }),
    says: "spec.storageClass: Forbidden: it cannot be changed: the claims exist already; create another AgentWorkspace",
  },
  {
    what: "a storage class that is added to a workspace",
    before: workspace({}),
    after: workspace({ storageClass: "standard" }),
    says: "spec.storageClass: Forbidden: it cannot be changed: the claims exist already; create another AgentWorkspace",
  },
  {
    what: "the access mode of a workspace",
    before: workspace({}),
    after: workspace({ accessMode: "ReadWriteOnce" }),
    says: "spec.accessMode: Forbidden: it cannot be changed: the claims exist already; create another AgentWorkspace",
  },
  {
    what: "the storage size of a workspace",
    before: workspace({ storageSize: "10Gi" }),
    after: workspace({ storageSize: "20Gi" }),
    says: "spec.storageSize: Forbidden: it cannot be changed: the claim exists already; create another AgentWorkspace",
  },
  {
    what: "a shared volume that is removed from a workspace",
    before: sharing(volume),
    after: workspace({ sharedVolumes: [] }),
    says: "spec.sharedVolumes: Forbidden: you can add volumes, but not change or remove them: runs may be using them",
  },
  {
    what: "a shared volume that is moved",
    before: sharing(volume),
    after: sharing({ ...volume, mountPath: "/elsewhere" }),
    says: "spec.sharedVolumes: Forbidden: you can add volumes, but not change or remove them: runs may be using them",
  },
  {
    what: "the URL of a workspace that is Ready",
    before: workspace({}),
    phase: "Ready",
    after: workspace({ repository: { url: "https://github.com/org/other.git" } }),
    says: "spec.repository: Forbidden: url and branch cannot be changed once the workspace is Ready; create another AgentWorkspace",
  },
  {
    what: "a branch that is added to a workspace that is Ready",
    before: workspace({}),
    phase: "Ready",
    after: workspace({ repository: { ...repository, branch: "next" } }),
    says: "spec.repository: Forbidden: url and branch cannot be changed once the workspace is Ready; create another AgentWorkspace",
  },
];

/** Changes that an API server accepts, beside those that it refuses. */
export const ACCEPTED_CHANGES: readonly Omit<RefusedChange, "says">[] = [
  { what: "a run that is applied again as it is", before: run({}), after: run({}) },
  {
    what: "a shared volume that is added",
    before: sharing(volume),
    phase: "Ready",
    after: sharing(volume, { name: "b", mountPath: "/more" }),
  },
  {
    what: "the URL of a workspace that has failed to clone",
    before: workspace({}),
    phase: "Failed",
    after: workspace({ repository: { url: "https://github.com/org/other.git" } }),
  },
  {
    what: "the credentials of a workspace that is Ready",
    before: workspace({}),
    phase: "Ready",
    after: workspace({ repository: { ...repository, credentialsSecretRef: { name: "s", key: "k" } } }),
  },
];
