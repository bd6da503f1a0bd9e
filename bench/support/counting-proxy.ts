import { once } from "node:events";
import { connect, createServer } from "node:net";

/** Passes connections on and counts what comes back. */
export interface CountingProxy extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** Bytes from the server since it was last asked. */
  takeBytes(): number;
}

/** In front of the server at this URL. */
export async function startCountingProxy(target: string): Promise<CountingProxy> {
  const port = Number(new URL(target).port);
  let bytes = 0;
  const server = createServer((client) => {
    const upstream = connect(port, "127.0.0.1");
    upstream.on("data", (chunk) => void (bytes += chunk.length));
    client.pipe(upstream).pipe(client);
    client.on("error", () => upstream.destroy());
    upstream.on("error", () => client.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`,
    takeBytes: () => {
      const taken = bytes;
      bytes = 0;
      return taken;
    },
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, "close");
    },
  };
}
