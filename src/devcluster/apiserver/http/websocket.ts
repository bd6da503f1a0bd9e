import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Channels } from "./request.ts";

/** WebSockets (RFC 6455), as far as kubectl uses them: each message is the number of a channel and bytes. */

const ACCEPT_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const OPCODES = { continuation: 0, close: 8, ping: 9, pong: 10, binary: 2 } as const;
const MOST_BYTES = 4 * 1024 * 1024;

interface Frame {
  readonly opcode: number;
  readonly isLast: boolean;
  readonly bytes: Buffer;
}

/** Takes the frame at the start of what came, unmasked, with what follows it; undefined while it is not complete. */
function takeFrame(data: Buffer): { frame: Frame; rest: Buffer } | undefined {
  if (data.length < 2) return undefined;
  const [first = 0, second = 0] = data;
  const short = second & 0x7f;
  const at = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (data.length < at + 4) return undefined;
  const length =
    short === 126 ? data.readUInt16BE(2) : short === 127 ? Number(data.readBigUInt64BE(2)) : short;
  if ((second & 0x80) === 0 || length > MOST_BYTES)
    throw new Error("a client's frame is masked and not larger than 4 MiB");
  const end = at + 4 + length;
  if (data.length < end) return undefined;
  const mask = data.subarray(at, at + 4);
  const bytes = Buffer.from(data.subarray(at + 4, end).map((byte, index) => byte ^ (mask[index & 3] ?? 0)));
  return { frame: { opcode: first & 0xf, isLast: (first & 0x80) !== 0, bytes }, rest: data.subarray(end) };
}

function frameOf(opcode: number, bytes: Uint8Array): Buffer {
  const { length } = bytes;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  head[1] = length < 126 ? length : length < 65_536 ? 126 : 127;
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, bytes]);
}

/** Answers a WebSocket's handshake for this subprotocol; the connection carries channels from then on. */
export function openChannels(
  { headers }: IncomingMessage,
  socket: Socket,
  head: Buffer,
  protocol: string,
): Channels {
  const accept = createHash("sha1").update(`${headers["sec-websocket-key"] ?? ""}${ACCEPT_SUFFIX}`);
  socket.write(
    [
      "HTTP/1.1 101 Switching Protocols",
      "Upgrade: websocket",
      "Connection: Upgrade",
      `Sec-WebSocket-Accept: ${accept.digest("base64")}`,
      `Sec-WebSocket-Protocol: ${protocol}`,
      "\r\n",
    ].join("\r\n"),
  );
  const write = (opcode: number, bytes: Uint8Array): Promise<void> =>
    new Promise((resolve) => {
      if (socket.destroyed || socket.writableEnded) resolve();
      else socket.write(frameOf(opcode, bytes), () => resolve());
    });
  return {
    send: (channel, bytes) => write(OPCODES.binary, Buffer.concat([Buffer.of(channel), bytes])),
    messages: () => readMessages(socket, head, write),
    close() {
      // 1000: all is well. What the client still sends is read by nobody.
      void write(OPCODES.close, Buffer.from([3, 232])).then(() => socket.destroySoon());
    },
  };
}

async function* readMessages(
  socket: Socket,
  head: Buffer,
  write: (opcode: number, bytes: Uint8Array) => Promise<void>,
): AsyncGenerator<{ channel: number; bytes: Buffer }> {
  let data = head;
  let parts: Buffer[] = [];
  for (;;) {
    for (let taken = takeFrame(data); taken !== undefined; taken = takeFrame(data)) {
      data = taken.rest;
      const { opcode, isLast, bytes } = taken.frame;
      if (opcode === OPCODES.close) return;
      if (opcode === OPCODES.ping) await write(OPCODES.pong, bytes);
      if (opcode >= OPCODES.close) continue;
      parts = opcode === OPCODES.continuation ? [...parts, bytes] : [bytes];
      const message = Buffer.concat(parts);
      if (message.length > MOST_BYTES) throw new Error("a client's message is larger than 4 MiB");
      const [channel] = message;
      if (isLast && channel !== undefined) yield { channel, bytes: message.subarray(1) };
    }
    const more: unknown = socket.read() ?? (await nextOf(socket));
    if (more === undefined) return;
    if (Buffer.isBuffer(more)) data = Buffer.concat([data, more]);
  }
}

/** Resolves to null when there is something to read, to undefined when nothing more will come. */
function nextOf(socket: Socket): Promise<null | undefined> {
  if (socket.readableEnded || socket.destroyed) return Promise.resolve(undefined);
  const { promise, resolve } = Promise.withResolvers<null | undefined>();
  const events = {
    readable: () => resolve(null),
    end: () => resolve(undefined),
    close: () => resolve(undefined),
  };
  for (const [name, listener] of Object.entries(events)) socket.once(name, listener);
  return promise.finally(() => {
    for (const [name, listener] of Object.entries(events)) socket.off(name, listener);
  });
}
