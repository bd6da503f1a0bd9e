import type { Server, Socket } from "node:net";

/**
 * Keeps a server open to everybody: when there are more than `most` connections, the oldest one of the address
 * that holds the most is ended, never the newcomer. So who opens many ends only their own.
 */
export function limitConnections(server: Server, most: number): void {
  const open = new Map<string, Set<Socket>>();
  let count = 0;
  server.on("connection", (socket: Socket) => {
    const address = socket.remoteAddress ?? "";
    const own = open.get(address) ?? new Set();
    open.set(address, own.add(socket));
    count += 1;
    socket.once("close", () => {
      count -= 1;
      own.delete(socket);
      if (own.size === 0) open.delete(address);
    });
    if (count > most) oldestOfMost(open)?.destroy();
  });
}

function oldestOfMost(open: ReadonlyMap<string, ReadonlySet<Socket>>): Socket | undefined {
  let most: ReadonlySet<Socket> = new Set();
  for (const sockets of open.values()) if (sockets.size > most.size) most = sockets;
  // A Set keeps the order in which they came.
  return [...most].find((socket) => !socket.destroyed);
}
