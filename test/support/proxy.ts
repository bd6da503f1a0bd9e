import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { createServer as createSecureServer } from "node:https";
import {
  connect,
  createServer as createTcpServer,
  type AddressInfo,
  type Server,
  type Socket,
} from "node:net";
import type { Duplex } from "node:stream";

export interface TestProxy extends AsyncDisposable {
  port: number;
  /** HOST:PORT of each way that was asked for. */
  targets: string[];
  /** What was sent as Proxy-Authorization. */
  authorizations: (string | undefined)[];
}

/** A proxy on loopback that answers CONNECT; every name leads to `port` on loopback. */
export async function startConnectProxy(
  port: number,
  options: { tls?: { key: string; cert: string }; status?: string } = {},
): Promise<TestProxy> {
  const targets: string[] = [];
  const authorizations: (string | undefined)[] = [];
  const server = options.tls === undefined ? createServer() : createSecureServer(options.tls);
  server.on("connect", (request: IncomingMessage, socket: Duplex) => {
    targets.push(request.url ?? "");
    authorizations.push(request.headers["proxy-authorization"]);
    if (options.status !== undefined) socket.end(`HTTP/1.1 ${options.status}\r\n\r\n`);
    else join(socket, port, "HTTP/1.1 200 Connection established\r\n\r\n");
  });
  return { targets, authorizations, ...(await listen(server)) };
}

/** A SOCKS5 proxy on loopback without authentication; every name leads to `port` on loopback. */
export async function startSocksProxy(port: number): Promise<TestProxy> {
  const targets: string[] = [];
  const server = createTcpServer(async (socket) => {
    await once(socket, "readable");
    socket.read();
    socket.write(Buffer.from([5, 0]));
    await once(socket, "readable");
    const request = socket.read() as Buffer;
    const length = request[4] ?? 0;
    const isName = request[3] === 3;
    const name = isName
      ? request.subarray(5, 5 + length).toString()
      : Array.from(request.subarray(4, 8)).join(".");
    targets.push(`${name}:${request.readUInt16BE(request.length - 2)}`);
    join(socket, port, Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
  });
  return { targets, authorizations: [], ...(await listen(server)) };
}

function join(socket: Duplex, port: number, greeting: string | Buffer): void {
  const outer = connect(port, "127.0.0.1", () => {
    socket.write(greeting);
    outer.pipe(socket).pipe(outer);
  });
  outer.on("error", () => socket.destroy());
  socket.on("error", () => outer.destroy());
  socket.on("close", () => outer.destroy());
}

async function listen(server: Server): Promise<AsyncDisposable & { port: number }> {
  const open = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of open) socket.destroy();
      await once(server, "close");
    },
  };
}
