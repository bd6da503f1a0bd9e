import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { configMaps, secrets } from "../../src/kube/builtin.ts";
import { useAgentCluster } from "../support/agent-cluster.ts";
import { requireTool } from "../support/debian.ts";
import { freePort } from "../support/free-port.ts";
import { aSecret } from "../support/objects.ts";
import { startPrivateRegistry, type PrivateRegistry } from "../support/private-registry.ts";
import { recipe } from "../support/recipes.ts";
import { runOk } from "../support/run.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

/** A package that is nowhere but in the test's own registry. */
const PACKAGE = {
  "package.json": JSON.stringify({ name: "@team/sql", version: "1.0.0" }),
  "index.js":
    'exports.query = (text) => require("node:child_process").execFileSync("psql", ["-tAc", text], { encoding: "utf8" }).trim();\n',
};
const TARBALL = "/@team/sql/-/sql-1.0.0.tgz";
const TOKEN = "sesame-for-packages";
/** The service's test passes only with a column that no migration makes yet; the agent sees it fail, then writes the migration. */
const SERVICE = {
  ".gitignore": "node_modules\n",
  "package.json": JSON.stringify({
    name: "orders",
    version: "1.0.0",
    scripts: {
      migrate: 'for file in migrations/*.sql; do psql -q -v ON_ERROR_STOP=1 -f "$file" || exit; done',
      test: "node --test",
    },
    dependencies: { "@team/sql": "1.0.0" },
  }),
  "orders.js":
    'const { query } = require("@team/sql");\nexports.total = () => Number(query("select sum(total) from orders"));\n',
  "orders.test.js": `const assert = require("node:assert");
const { execFileSync } = require("node:child_process");
const { test } = require("node:test");
const { total } = require("./orders.js");
test("the total of all orders", () => assert.equal(total(), 42));
test("the cache is warm", () => {
  const said = execFileSync("redis-cli", ["-p", process.env.REDIS_PORT, "get", "warm"], { encoding: "utf8" });
  assert.equal(said.trim(), "yes");
});
`,
  "migrations/1.sql": "create table orders (id int); insert into orders values (1);",
};
const SCENARIOS = {
  "orders need a total": [
    { actions: [{ run: "npm test && echo ALREADY-GREEN >red || echo RED >red" }] },
    {
      actions: [
        {
          run: `printf 'alter table orders add column total int default 42;' >migrations/2.sql; psql -q -f migrations/2.sql; npm test && git add . && git commit -qm "Add the total"`,
        },
      ],
    },
    { text: "Done." },
  ],
};

describe("a Node service with PostgreSQL, Redis and a private registry", { timeout: 300_000 }, () => {
  const agents = useAgentCluster(SCENARIOS);
  const stack = new AsyncDisposableStack();
  let registry: PrivateRegistry;
  let programs = "";
  let postgresUser = 0;

  before(async () => {
    programs = (await runOk("sh", ["-c", "ls -d /usr/lib/postgresql/*/bin | tail -n 1"])).trim();
    await requireTool(join(programs, "initdb"), "postgresql");
    await requireTool("redis-server", "redis-server");
    postgresUser = Number(await runOk("id", ["-u", "postgres"]));
    const { path } = stack.use(await temporaryDirectory());
    const tarball = await pack(path);
    registry = stack.use(await startPrivateRegistry(new Map([[TARBALL, tarball]]), `Bearer ${TOKEN}`));
    const sum = createHash("sha512").update(tarball).digest("base64");
    const locked = { version: "1.0.0", resolved: `${registry.url}${TARBALL}`, integrity: `sha512-${sum}` };
    const { name, version, dependencies } = JSON.parse(SERVICE["package.json"]) as Record<string, unknown>;
    const packages = { "": { name, version, dependencies }, "node_modules/@team/sql": locked };
    const lock = { name, version, lockfileVersion: 3, packages };
    await agents.repository.commit({ ...SERVICE, "package-lock.json": JSON.stringify(lock) });
    const npmrc = `${registry.url.replace("https:", "")}/:_authToken=${TOKEN}\n`;
    await agents.add(secrets, aSecret("npmrc", { npmrc }));
    const data = { "ca.crt": registry.authority };
    await agents.add(configMaps, { metadata: { name: "authority" }, data });
  });
  after(() => stack.disposeAsync());

  it("the agent makes a failing test pass, by the guide's recipe; the verification sees it pass on its own", async () => {
    const { env = [], volumes, volumeMounts, caches, setup, verify } = recipe("recipe-node");
    const [database, redis] = [await freePort(), await freePort()];
    const own = [
      { name: "NPM_CONFIG_REGISTRY", value: `${registry.url}/` },
      { name: "PGHOST", value: "localhost" },
      { name: "PGPORT", value: String(database) },
      { name: "PGUSER", value: "postgres" },
      { name: "REDIS_PORT", value: String(redis) },
    ];
    const start = `${programs}/initdb -A trust -U postgres --no-sync -D /data/pg >/data/log && exec ${programs}/postgres -D /data/pg -k /data -p ${database} -c fsync=off`;
    const prepare = `${setup?.command.join(" ")} && npm run migrate && redis-cli -p "$REDIS_PORT" set warm yes`;
    const { status } = await agents.run("orders", {
      prompt: "orders need a total",
      timeout: "150s",
      env: [...env.filter(({ name }) => own.every((each) => each.name !== name)), ...own],
      caBundleRef: { name: "authority", key: "ca.crt" },
      volumes,
      volumeMounts,
      caches: caches?.map((cache) => ({ ...cache, storageSize: "1Gi" })),
      services: [
        {
          name: "postgres",
          image: "postgres:17",
          runAsUser: postgresUser,
          command: ["sh", "-c", start],
          readiness: { command: [`${programs}/pg_isready`, "-h", "localhost", "-p", String(database)] },
          emptyDirs: ["/data"],
        },
        {
          name: "redis",
          image: "redis:8",
          command: [
            "redis-server",
            "--port",
            String(redis),
            "--save",
            "",
            "--dir",
            "/tmp",
            "--protected-mode",
            "no",
          ],
          ports: [redis],
        },
      ],
      setup: { command: ["sh", "-c", prepare] },
      verify: { command: ["sh", "-c", `cat red; ${verify?.command.join(" ")}`], env: own },
    });
    assert.equal(status?.phase, "Succeeded", status?.message);
    assert.equal(status.verification?.verdict, "Passed", status.verification?.output);
    assert.match(status.verification.output ?? "", /^RED$/m);
    // A verification has no cache of the agent's: it downloads afresh.
    assert.deepEqual(registry.served, [TARBALL, TARBALL]);
  });
});

/** The package as `npm pack` writes it. */
async function pack(path: string): Promise<Uint8Array> {
  await mkdir(join(path, "package"));
  await Promise.all(
    Object.entries(PACKAGE).map(([name, text]) => writeFile(join(path, "package", name), text)),
  );
  await runOk("tar", ["-czf", join(path, "sql.tgz"), "-C", path, "package"]);
  return readFile(join(path, "sql.tgz"));
}
