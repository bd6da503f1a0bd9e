import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseAllDocuments } from "yaml";
import { compileExpression, type Variables } from "../src/kube/schema/cel/expression.ts";
import { createCelEnvironment } from "../src/kube/schema/cel/library.ts";
import { celValue } from "../src/kube/schema/cel/values.ts";
import { overlay } from "./support/kustomize.ts";
import { limitsOf, POLICY_CASES, type PolicyCase } from "./support/policy-cases.ts";
import { readProjectFiles } from "./support/project-files.ts";

interface Named {
  name: string;
  expression: string;
}

interface Manifest {
  kind: string;
  metadata: { name: string; namespace?: string };
  data: Record<string, string>;
  spec: {
    policyName: string;
    failurePolicy: string;
    validationActions: string[];
    paramRef: { name: string; namespace: string; parameterNotFoundAction: string };
    matchConstraints: { resourceRules: [{ operations: string[]; resources: string[] }] };
    matchConditions?: Named[];
    variables: Named[];
    validations: { expression: string; message: string }[];
  };
}

const objects = parseAllDocuments(await overlay(["policies"])).map((document) => document.toJS() as Manifest);
const policies = objects.filter(({ kind }) => kind === "ValidatingAdmissionPolicy");
const shipped = objects.find(({ metadata }) => metadata.name === "agent-operator-policies");
const environment = createCelEnvironment();

describe("the policies", () => {
  for (const one of POLICY_CASES)
    it(`${one.name}: ${one.refused === undefined ? "allowed" : "refused"}`, () => {
      const found = refusals(one);
      if (one.refused === undefined) assert.deepEqual(found, []);
      else assert.ok(found[0]?.startsWith(one.refused), JSON.stringify(found));
    });

  it("are bound, refuse where they cannot decide, and have the limits of one object", () => {
    for (const { metadata, spec } of policies) {
      assert.equal(spec.failurePolicy, "Fail");
      const binding = objects.find(({ spec: bound }) => bound?.policyName === metadata.name)?.spec;
      assert.deepEqual(binding?.validationActions, ["Deny"], metadata.name);
      const { name, namespace } = shipped?.metadata ?? {};
      assert.deepEqual(binding?.paramRef, { name, namespace, parameterNotFoundAction: "Deny" });
    }
  });

  it("have a refused and an allowed case for each limit that is shipped, and no limit that none reads", () => {
    const text = JSON.stringify(policies);
    for (const key of Object.keys(shipped?.data ?? {})) {
      assert.ok(text.includes(`'${key}'`), key);
      assert.ok(
        POLICY_CASES.some(({ refused, limits }) => refused && (!limits || key in limits)),
        key,
      );
    }
  });

  // What gets into a pod unseen is what this page would have to name.
  it("look at every field of a run that security.md says reaches the pod as it is", () => {
    const [guide] = readProjectFiles(["docs/guide"], "security.md");
    const table =
      guide?.text.split("## What whoever may create AgentRuns can do")[1]?.split("\n## ")[0] ?? "";
    const fields = [...table.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = ""]) =>
      [...cell.matchAll(/`([\w.]+)[^`]*`/g)].map(([, field = ""]) => field),
    );
    assert.ok(fields.length > 8, table);
    const runs = policies.find(({ metadata }) => metadata.name.startsWith("agentruns"));
    for (const field of fields) assert.ok(JSON.stringify(runs).includes(`object.spec.${field}`), field);
  });
});

/** The messages of the validations that do not hold, as an API server finds them. */
function refusals(one: PolicyCase): string[] {
  const policy = policies.find(({ metadata }) => metadata.name.startsWith(`${one.kind.toLowerCase()}s.`));
  assert.ok(policy);
  const { operations } = policy.spec.matchConstraints.resourceRules[0];
  if (!operations.includes(one.oldSpec === undefined ? "CREATE" : "UPDATE")) return [];
  const object = { metadata: { name: "a" }, spec: one.spec };
  const base: Variables = {
    object: celValue(undefined, object),
    oldObject: one.oldSpec === undefined ? null : celValue(undefined, { ...object, spec: one.oldSpec }),
    params: celValue(undefined, { data: limitsOf(shipped?.data ?? {}, one) }),
  };
  if (!(policy.spec.matchConditions ?? []).every(({ expression }) => value(expression, base) === true))
    return [];
  const variables = new Map<string, Variables[string]>();
  const all: Variables = { ...base, variables };
  for (const { name, expression } of policy.spec.variables)
    variables.set(name, value(expression, all) as Variables[string]);
  return policy.spec.validations
    .filter(({ expression }) => value(expression, all) !== true)
    .map(({ message }) => message);
}

function value(expression: string, variables: Variables): unknown {
  const result = compileExpression(environment, expression).run(variables);
  assert.ok("value" in result, `${expression}: ${JSON.stringify(result)}`);
  return result.value;
}
