import { enableCompileCache } from "node:module";

/** An API server of the embedded cluster alone, until SIGTERM. Its first line says where it is and how long it took to get there. */
const [dataDir = ""] = process.argv.slice(2);
// As the command line does; loaded only then, so that it counts.
enableCompileCache();
const { createApiServer } = await import("../../src/devcluster/apiserver/server.ts");
const server = await createApiServer({ dataDir });
const { kubeconfigPath } = await server.listen();
process.once("SIGTERM", () => void server.close());
// Since the process began, Node's own start included.
process.stdout.write(`${JSON.stringify({ kubeconfigPath, readyMs: performance.now() })}\n`);
