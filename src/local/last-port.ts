import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";

/**
 * The port of this data directory's last start, so that a kubeconfig which was exported then still
 * works. Undefined if there was none, or if someone else has taken it meanwhile.
 */
export async function lastPort(dataDir: string): Promise<number | undefined> {
  const kubeconfig = await readFile(join(dataDir, "kubeconfig"), "utf8").catch(() => "");
  const port = Number(/^\s*server: "?https:\/\/127\.0\.0\.1:(\d+)/m.exec(kubeconfig)?.[1]);
  return port > 0 && (await isFree(port)) ? port : undefined;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    server.close();
    await once(server, "close");
    return true;
  } catch {
    return false;
  }
}
