import { createApiServer } from "../../src/devcluster/apiserver/server.ts";

/** Writes until it is killed, and prints the name and version of what was acknowledged. */
const [dataDir = "", prefix = ""] = process.argv.slice(2);
const server = await createApiServer({ dataDir });
const transport = server.transport();
const path = "/api/v1/namespaces/default/configmaps";

async function write(writer: number): Promise<never> {
  for (let index = 0; ; index++) {
    const name = `${prefix}-${writer}-${index}`;
    const response = await transport({
      method: "POST",
      path,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ metadata: { name }, data: { text: "x".repeat((index * 37) % 900) } }),
    });
    const created = JSON.parse(await response.text()) as { metadata: { resourceVersion: string } };
    process.stdout.write(`${name} ${created.metadata.resourceVersion}\n`);
    if (index % 5 === 4) {
      const removed = `${prefix}-${writer}-${index - 2}`;
      await (await transport({ method: "DELETE", path: `${path}/${removed}` })).text();
      process.stdout.write(`${removed} deleted\n`);
    }
  }
}

await Promise.all([write(0), write(1), write(2), write(3)]);
