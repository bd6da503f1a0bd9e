import { once } from "node:events";
import { type LocalClusterOptions, startLocalCluster } from "../../src/local/local-cluster.ts";

/**
 * A program: the embedded cluster with the options that its argument holds as JSON, until SIGTERM. Writes the path
 * of its kubeconfig as a line when it is ready.
 */
const options = JSON.parse(process.argv[2] ?? "") as LocalClusterOptions;
const ended = once(process, "SIGTERM");
await using cluster = await startLocalCluster(options);
process.stdout.write(`${cluster.kubeconfigPath}\n`);
await ended;
