import { leases } from "../../kube/builtin.ts";
import {
  deployments,
  serviceAccounts,
  subjectAccessReviews,
  validatingWebhookConfigurations,
  type Deployment,
  type SubjectAccessReview,
} from "../../kube/cluster-kinds.ts";
import { leaderElectionRules, operatorRules, type PolicyRule } from "../../operator/rbac.ts";
import { WEBHOOK_CONFIGURATION } from "../../operator/webhook-names.ts";
import { absent, ok, problem, warning, type Finding, type CheckContext } from "./doctor-findings.ts";

/** What is looked at of the operator itself: its rights, its Deployment, its Lease, its webhooks. */

function findDeployment({ client, operatorNamespace }: CheckContext): Promise<Deployment | undefined> {
  return client.get(deployments, { namespace: operatorNamespace, name: "agent-operator" }).catch(absent);
}

/** The values of an option that can be given several times, as `--name value` and `--name=value`. */
function optionsOf(deployment: Deployment | undefined, option: string): string[] {
  const args = (deployment?.spec.template?.spec?.containers ?? []).flatMap(
    (container) => container.args ?? [],
  );
  return args.flatMap((arg, index) => {
    if (arg.startsWith(`${option}=`)) return [arg.slice(option.length + 1)];
    return arg === option && args[index + 1] !== undefined ? [String(args[index + 1])] : [];
  });
}

/** Seconds since the Lease was renewed, and by whom; undefined if nobody holds it. */
async function leaseOf({
  client,
  operatorNamespace,
  now,
}: CheckContext): Promise<{ holder: string; ageSeconds: number; isFresh: boolean } | undefined> {
  const at = { namespace: operatorNamespace, name: "agent-operator" };
  const {
    holderIdentity,
    renewTime,
    leaseDurationSeconds = 15,
  } = (await client.get(leases, at).catch(absent))?.spec ?? {};
  if (!holderIdentity || renewTime === undefined) return undefined;
  const ageSeconds = Math.round((now - Date.parse(renewTime)) / 1_000);
  return { holder: holderIdentity, ageSeconds, isFresh: ageSeconds <= 2 * leaseDurationSeconds };
}

/** Whether `agent-operator dev` is the cluster: its operator is a part of it, without Deployment and Lease. */
export async function hasOperatorWithin(context: CheckContext): Promise<boolean> {
  const { client, operatorNamespace, operatorAccount } = context;
  if ((await findDeployment(context)) !== undefined) return false;
  if (!(await client.getText("/version")).includes("+agent-operator-devcluster")) return false;
  const account = { namespace: operatorNamespace, name: operatorAccount };
  return (await client.get(serviceAccounts, account).catch(absent)) !== undefined;
}

/** What the operator is started for: the namespaces that it watches and the Secrets that it may read. */
export async function checkPermissions(context: CheckContext): Promise<Finding[]> {
  const { client, operatorNamespace, operatorAccount } = context;
  const user = `system:serviceaccount:${operatorNamespace}:${operatorAccount}`;
  const groups = [
    "system:serviceaccounts",
    `system:serviceaccounts:${operatorNamespace}`,
    "system:authenticated",
  ];
  const deployment = await findDeployment(context);
  const watched = optionsOf(deployment, "--namespace");
  const secrets = optionsOf(deployment, "--secret");
  const asked = [
    ...(watched.length === 0 ? [undefined] : watched).flatMap((namespace) =>
      attributesOf(narrowed(operatorRules, secrets, namespace !== undefined), namespace),
    ),
    ...((await hasOperatorWithin(context)) ? [] : attributesOf(leaderElectionRules, operatorNamespace)),
  ];
  const refused: string[] = [];
  for (const attributes of asked) {
    const review: SubjectAccessReview = {
      metadata: {},
      spec: { user, groups, resourceAttributes: attributes },
    };
    const { status } = await client.create(subjectAccessReviews, review);
    const { verb, resource, name, namespace } = attributes;
    const where = namespace === undefined ? "in every namespace" : `in ${namespace}`;
    if (status?.allowed !== true)
      refused.push(`${verb} ${resource}${name === undefined ? "" : ` ${name}`} ${where}`);
  }
  if (refused.length === 0) return [ok("Permissions", `${user} has all of its ${asked.length}`)];
  const more = refused.length > 5 ? ` and ${refused.length - 5} more` : "";
  return [
    problem(
      "Permissions",
      `${user} may not ${refused.slice(0, 5).join(", ")}${more}`,
      "kubectl apply -k config/default/ (an operator for some namespaces or Secrets only is started with --namespace or --secret)",
    ),
  ];
}

/** The rules of an operator that is started with `--secret NAME` and `--namespace NAME`. */
function narrowed(
  rules: readonly PolicyRule[],
  secrets: readonly string[],
  isNamespaced: boolean,
): readonly PolicyRule[] {
  return rules
    .filter(({ resources }) => !(isNamespaced && resources.includes("namespaces")))
    .map((rule) =>
      secrets.length > 0 && rule.resources.includes("secrets")
        ? { ...rule, resourceNames: [...secrets] }
        : rule,
    );
}

function attributesOf(rules: readonly PolicyRule[], namespace: string | undefined): Record<string, string>[] {
  return rules.flatMap(({ apiGroups, resources, verbs, resourceNames = [undefined] }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((full) =>
        verbs.flatMap((verb) =>
          resourceNames.map((name) => {
            const [resource = "", subresource = ""] = full.split("/");
            const at = {
              ...(namespace === undefined ? {} : { namespace }),
              ...(name === undefined ? {} : { name }),
            };
            return { group, resource, subresource, verb, ...at };
          }),
        ),
      ),
    ),
  );
}

export async function checkOperator(context: CheckContext): Promise<Finding[]> {
  const { operatorNamespace } = context;
  const found = await findDeployment(context);
  if (found === undefined) {
    return (await hasOperatorWithin(context))
      ? [ok("Operator", "is a part of this dev cluster, unless that was started with --no-operator")]
      : [
          warning(
            "Operator",
            `there is no Deployment agent-operator in ${operatorNamespace}`,
            "kubectl apply -k config/default/",
          ),
        ];
  }
  const wanted = found.spec.replicas ?? 1;
  const ready = found.status?.readyReplicas ?? 0;
  if (wanted === 0)
    return [
      problem(
        "Operator",
        "its Deployment is scaled to 0 replicas",
        `kubectl -n ${operatorNamespace} scale deployment agent-operator --replicas=1`,
      ),
    ];
  if (ready > 0) return [ok("Operator", `${ready} of ${wanted} replicas are ready`)];
  const remedy = `See why: kubectl -n ${operatorNamespace} describe pods -l app.kubernetes.io/name=agent-operator (is the image in a registry that the nodes reach?)`;
  return [problem("Operator", `none of ${wanted} replicas is ready`, remedy)];
}

export async function checkLease(context: CheckContext): Promise<Finding[]> {
  const lease = await leaseOf(context);
  if (lease === undefined && (await hasOperatorWithin(context)))
    return [ok("Lease", "is not needed in a dev cluster")];
  if (lease === undefined)
    return [warning("Lease", "no operator leads", "Start the operator, or see its log.")];
  return lease.isFresh
    ? [ok("Lease", `held by ${lease.holder}`)]
    : [
        problem(
          "Lease",
          `${lease.holder} has not renewed it for ${lease.ageSeconds} s`,
          "See the operator's log, and this machine's clock.",
        ),
      ];
}

/** Webhooks need both: a configuration that the API server asks by, and an operator that serves. */
export async function checkWebhooks(context: CheckContext): Promise<Finding[]> {
  const found = await context.client
    .get(validatingWebhookConfigurations, { name: WEBHOOK_CONFIGURATION })
    .catch(absent);
  const address = optionsOf(await findDeployment(context), "--webhook-bind-address").at(-1) ?? "0";
  const isServing = address !== "0" && address !== "";
  const remedy = "Use the component config/components/webhooks as a whole, or leave all of it out.";
  if (found === undefined)
    return isServing
      ? [
          problem(
            "Webhooks",
            `the operator serves them at ${address}, but there is no ValidatingWebhookConfiguration ${WEBHOOK_CONFIGURATION}`,
            remedy,
          ),
        ]
      : [ok("Webhooks", "are off")];
  if (!isServing)
    return [problem("Webhooks", "the API server asks for them, but the operator does not serve any", remedy)];
  const isTrusted = (found.webhooks ?? []).every(({ clientConfig }) => Boolean(clientConfig?.caBundle));
  return isTrusted
    ? [ok("Webhooks", `are served at ${address}`)]
    : [
        problem(
          "Webhooks",
          "the configuration has no caBundle, so the API server trusts no answer",
          "The leading operator writes it: see its log.",
        ),
      ];
}
