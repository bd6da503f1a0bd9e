import type { MutableObject } from "../answers/json-object.ts";

/** A role that every cluster has. Source: plugin/pkg/auth/authorizer/rbac/bootstrappolicy. */
interface BootstrapRole {
  name: string;
  rules: MutableObject[];
  labels?: Record<string, string>;
  aggregate?: string;
}

const READ = ["get", "list", "watch"];
const WRITE = ["create", "delete", "deletecollection", "patch", "update"];
const DISCOVERY_PATHS = [
  "/api",
  "/api/*",
  "/apis",
  "/apis/*",
  "/healthz",
  "/livez",
  "/openapi",
  "/openapi/*",
  "/readyz",
  "/version",
  "/version/",
];
const CORE_VIEW = [
  "configmaps",
  "events",
  "persistentvolumeclaims",
  "persistentvolumeclaims/status",
  "pods",
  "pods/log",
  "pods/status",
  "serviceaccounts",
  "services",
  "namespaces",
];
const CORE_EDIT = [
  "configmaps",
  "events",
  "persistentvolumeclaims",
  "pods",
  "pods/eviction",
  "secrets",
  "serviceaccounts",
  "services",
];

function rule(group: string, resources: string[], verbs: string[]): MutableObject {
  return { verbs, apiGroups: [group], resources };
}

const READ_GROUPS: MutableObject[] = [
  rule("", CORE_VIEW, READ),
  rule("batch", ["jobs", "jobs/status"], READ),
  rule("apps", ["deployments", "deployments/status"], READ),
  rule("policy", ["poddisruptionbudgets", "poddisruptionbudgets/status"], READ),
  rule("networking.k8s.io", ["networkpolicies"], READ),
  rule("events.k8s.io", ["events"], READ),
];

const WRITE_GROUPS: MutableObject[] = [
  rule("", CORE_EDIT, WRITE),
  rule("", ["secrets"], READ),
  rule("", ["serviceaccounts"], ["impersonate"]),
  rule("", ["serviceaccounts/token"], ["create"]),
  rule("batch", ["jobs"], WRITE),
  rule("apps", ["deployments"], WRITE),
  rule("policy", ["poddisruptionbudgets"], WRITE),
  rule("networking.k8s.io", ["networkpolicies"], WRITE),
  rule("coordination.k8s.io", ["leases"], [...READ, ...WRITE]),
];

const AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-";

function bootstrapRoles(): BootstrapRole[] {
  return [
    {
      name: "cluster-admin",
      rules: [
        { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
        { verbs: ["*"], nonResourceURLs: ["*"] },
      ],
    },
    { name: "admin", rules: [], aggregate: "admin" },
    { name: "edit", rules: [], aggregate: "edit", labels: { [`${AGGREGATE}admin`]: "true" } },
    { name: "view", rules: [], aggregate: "view", labels: { [`${AGGREGATE}edit`]: "true" } },
    {
      name: "system:aggregate-to-admin",
      labels: { [`${AGGREGATE}admin`]: "true" },
      rules: [
        ...READ_GROUPS,
        ...WRITE_GROUPS,
        rule("rbac.authorization.k8s.io", ["roles", "rolebindings"], [...READ, ...WRITE]),
        rule("authorization.k8s.io", ["localsubjectaccessreviews"], ["create"]),
      ],
    },
    {
      name: "system:aggregate-to-edit",
      labels: { [`${AGGREGATE}edit`]: "true", [`${AGGREGATE}admin`]: "true" },
      rules: [...READ_GROUPS, ...WRITE_GROUPS],
    },
    {
      name: "system:aggregate-to-view",
      labels: { [`${AGGREGATE}view`]: "true" },
      rules: READ_GROUPS,
    },
    { name: "system:discovery", rules: [{ verbs: ["get"], nonResourceURLs: DISCOVERY_PATHS }] },
    {
      name: "system:basic-user",
      rules: [
        rule("authorization.k8s.io", ["selfsubjectaccessreviews", "selfsubjectrulesreviews"], ["create"]),
        rule("authentication.k8s.io", ["selfsubjectreviews"], ["create"]),
      ],
    },
    {
      name: "system:auth-delegator",
      rules: [
        rule("authentication.k8s.io", ["tokenreviews"], ["create"]),
        rule("authorization.k8s.io", ["subjectaccessreviews"], ["create"]),
      ],
    },
  ];
}

/** The ClusterRoles and ClusterRoleBindings that are there from the start. */
export function bootstrapRbac(): { roles: MutableObject[]; bindings: MutableObject[] } {
  const labels = { "kubernetes.io/bootstrapping": "rbac-defaults" };
  const annotations = { "rbac.authorization.kubernetes.io/autoupdate": "true" };
  const roles = bootstrapRoles().map((role) => ({
    metadata: { name: role.name, labels: { ...labels, ...role.labels }, annotations },
    rules: role.rules,
    ...(role.aggregate === undefined
      ? {}
      : {
          aggregationRule: {
            clusterRoleSelectors: [{ matchLabels: { [`${AGGREGATE}${role.aggregate}`]: "true" } }],
          },
        }),
  }));
  const bind = (role: string, group: string): MutableObject => ({
    metadata: { name: role, labels, annotations },
    subjects: [{ kind: "Group", apiGroup: "rbac.authorization.k8s.io", name: group }],
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
  });
  return {
    roles,
    bindings: [
      bind("cluster-admin", "system:masters"),
      bind("system:discovery", "system:authenticated"),
      bind("system:basic-user", "system:authenticated"),
    ],
  };
}
