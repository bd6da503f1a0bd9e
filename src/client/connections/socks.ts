import type { Socket } from "node:net";
import { SocksClient } from "socks";

interface SocksRequest {
  proxy: { hostname: string; port: number };
  user: string | undefined;
  password: string;
  to: { hostname: string; port: number };
  limitMs: number;
}

/** A connection through a SOCKS5 proxy, which looks names up itself. */
export async function connectThroughSocks(request: SocksRequest): Promise<Socket> {
  const { proxy, user, password, to, limitMs } = request;
  const { socket } = await SocksClient.createConnection({
    proxy: {
      host: proxy.hostname,
      port: proxy.port,
      type: 5,
      ...(user !== undefined && { userId: user, password }),
    },
    command: "connect",
    destination: { host: to.hostname, port: to.port },
    timeout: limitMs,
  });
  return socket;
}
