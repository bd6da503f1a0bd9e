import { on } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import type { Channels } from "./request.ts";

/** WebSockets as kubectl uses them: each message is the number of a channel and bytes. */

const MOST_BYTES = 4 * 1024 * 1024;

/** Answers a WebSocket's handshake for this subprotocol; the connection carries channels from then on. */
export function openChannels(
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
  protocol: string,
): Promise<Channels> {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MOST_BYTES,
    perMessageDeflate: false,
    handleProtocols: () => protocol,
  });
  return new Promise((resolve) => {
    server.handleUpgrade(request, socket, head, (connection) => resolve(channelsOf(connection)));
  });
}

function channelsOf(connection: WebSocket): Channels {
  // What comes before somebody reads is kept here.
  const received = on(connection, "message", { close: ["close"], highWaterMark: 16, lowWaterMark: 1 });
  return {
    send: (channel, bytes) =>
      new Promise((resolve) => connection.send(Buffer.concat([Buffer.of(channel), bytes]), () => resolve())),
    async *messages() {
      for await (const [message] of received as AsyncIterable<[Buffer]>) {
        const [channel] = message;
        if (channel !== undefined) yield { channel, bytes: message.subarray(1) };
      }
    },
    close: () => connection.close(1000),
  };
}
