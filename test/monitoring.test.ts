import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { catalogue } from "../scripts/generators/metrics.ts";
import { REASONS } from "../src/api/reasons.ts";
import { projectRoot } from "./support/project-files.ts";

const known = new Map(catalogue().map((metric) => [metric.name, metric]));

for (const file of ["alerts.yaml", "dashboard.json"]) {
  describe(`config/monitoring/${file}`, () => {
    const text = readFileSync(join(projectRoot, "config", "monitoring", file), "utf8").replaceAll('\\"', '"');

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
