import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { catalogue } from "../scripts/generators/metrics.ts";
import { REASONS } from "../src/api/reasons.ts";
import { projectRoot } from "./support/project-files.ts";

const known = new Map(catalogue().map((metric) => [metric.name, metric]));

const COMPONENT = "config/components/grafana-dashboards";
const DASHBOARDS = [`${COMPONENT}/runs.json`, `${COMPONENT}/operator.json`];

interface Dashboard {
  uid: string;
  templating: { list: { name: string; query: { query: string } }[] };
  panels: { title: string; description?: string; targets: { expr: string }[] }[];
}

for (const file of ["config/monitoring/alerts.yaml", ...DASHBOARDS]) {
  describe(file, () => {
    const text = readFileSync(join(projectRoot, file), "utf8").replaceAll('\\"', '"');

    it("asks for metrics that the operator has", () => {
      const names = text.match(/\b(?:agent_operator|process)_[a-z_]+\b/g) ?? [];
      assert.ok(names.length > 5);
      const unknown = names.filter((name) => !known.has(name.replace(/_bucket$/, "")));
      assert.deepEqual(unknown, []);
    });

    it("asks for labels that they have", () => {
      const selected = [...text.matchAll(/\b(agent_operator_[a-z_]+)\{([^}]*)\}/g)];
      const labels = selected.flatMap(([, name = "", matchers = ""]) =>
        [...matchers.matchAll(/(\w+)\s*[=!]/g)].map(([, label = ""]) => ({ name, label })),
      );
      for (const { name, label } of labels)
        assert.ok(known.get(name.replace(/_bucket$/, ""))?.labels.includes(label), `${name} has no ${label}`);
    });

    it("names reasons that exist", () => {
      for (const [, reason = ""] of text.matchAll(/reason="(\w+)"/g)) assert.ok(reason in REASONS, reason);
    });
  });
}

describe("the dashboards", () => {
  const read = (path: string): Dashboard => JSON.parse(readFileSync(join(projectRoot, path), "utf8"));

  it("explain every panel", () => {
    const panels = DASHBOARDS.flatMap((path) => read(path).panels);
    assert.ok(panels.length > 10);
    for (const { title, description = "" } of panels) assert.match(description, /\.$/, title);
  });

  it("have the variables that their panels use, each of a label that its metric has", () => {
    for (const path of DASHBOARDS) {
      const { templating, panels } = read(path);
      const [datasource, ...variables] = templating.list;
      assert.equal(datasource?.name, "datasource");
      const expressions = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)).join("\n");
      const used = new Set([...expressions.matchAll(/\$(?!__)(\w+)/g)].map(([, name]) => name));
      assert.deepEqual([...used].toSorted(), variables.map(({ name }) => name).toSorted());
      for (const { name, query } of variables) {
        const [, metric = "", label] = /^label_values\((\w+), (\w+)\)$/.exec(query.query) ?? [];
        assert.equal(label, name);
        assert.ok(known.get(metric)?.labels.includes(name), `${metric} has no ${name}`);
      }
    }
  });

  it("have names of their own", () => {
    assert.equal(new Set(DASHBOARDS.map((path) => read(path).uid)).size, DASHBOARDS.length);
  });
});
