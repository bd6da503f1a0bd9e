import assert from "node:assert/strict";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { useAgentCluster } from "../support/agent-cluster.ts";
import { requireTool } from "../support/debian.ts";
import { freePort } from "../support/free-port.ts";
import { runOk } from "../support/run.ts";

/** A test that passes only with a column that no migration makes yet; the agent sees it fail, then writes the migration. */
const TEST =
  'psql -tAc "select sum(total) from orders" | grep -qx 42 && redis-cli -p "$REDIS_PORT" get warm | grep -qx yes';
const MIGRATE = 'for file in migrations/*.sql; do psql -q -v ON_ERROR_STOP=1 -f "$file" || exit; done';
const SCENARIOS = {
  "orders need a total": [
    { actions: [{ run: `(${TEST}) && echo ALREADY-GREEN >red || echo RED >red` }] },
    {
      actions: [
        {
          run: `printf 'alter table orders add column total int default 42;' >migrations/2.sql; psql -q -f migrations/2.sql; ${TEST} && git add . && git commit -qm "Add the total"`,
        },
      ],
    },
    { text: "Done." },
  ],
};

describe("services of Debian's packages", { timeout: 240_000 }, () => {
  const agents = useAgentCluster(SCENARIOS);
  let programs = "";
  let postgresUser = 0;

  before(async () => {
    programs = (await runOk("sh", ["-c", "ls -d /usr/lib/postgresql/*/bin | tail -n 1"])).trim();
    await requireTool(join(programs, "initdb"), "postgresql");
    await requireTool("redis-server", "redis-server");
    postgresUser = Number(await runOk("id", ["-u", "postgres"]));
    const first = "create table orders (id int); insert into orders values (1);";
    await agents.repository.commit({ "migrations/1.sql": first });
  });

  it("PostgreSQL and Redis: the agent makes a failing test pass, the verification sees it pass on its own", async () => {
    const [database, redis] = [await freePort(), await freePort()];
    const env = [
      { name: "PGHOST", value: "localhost" },
      { name: "PGPORT", value: String(database) },
      { name: "PGUSER", value: "postgres" },
      { name: "REDIS_PORT", value: String(redis) },
    ];
    const start = `${programs}/initdb -A trust -U postgres --no-sync -D /data/pg >/data/log && exec ${programs}/postgres -D /data/pg -k /data -p ${database} -c fsync=off`;
    const { status } = await agents.run("orders", {
      prompt: "orders need a total",
      timeout: "150s",
      env,
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
      setup: { command: ["sh", "-c", `${MIGRATE}; redis-cli -p "$REDIS_PORT" set warm yes`] },
      verify: {
        command: ["sh", "-c", `cat red; ${TEST}`],
        env,
      },
    });
    assert.equal(status?.phase, "Succeeded", status?.message);
    assert.equal(status.verification?.verdict, "Passed", status.verification?.output);
    assert.match(status.verification.output ?? "", /^RED$/m);
  });
});
