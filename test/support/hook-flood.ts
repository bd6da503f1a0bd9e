import { connect } from "node:net";

// A client that sends as much as it can to a trigger without a valid signature, until it is ended: node hook-flood.ts PORT PATH
const [port = "", path = ""] = process.argv.slice(2);
const head = (length: number): string =>
  `POST ${path} HTTP/1.1\r\nhost: hooks\r\nx-hub-signature-256: sha256=00\r\ncontent-length: ${length}\r\n\r\n`;
const large = Buffer.concat([Buffer.from(head(1024 * 1024)), Buffer.alloc(1024 * 1024, "x")]);
const small = Buffer.concat([Buffer.from(head(2)), Buffer.from("{}")]);

/** Sends on and on, on one connection after the other. */
function send(request: Buffer): void {
  const socket = connect(Number(port), "127.0.0.1");
  const write = (): void => {
    while (socket.write(request));
  };
  socket.on("error", () => undefined);
  socket.on("connect", write);
  socket.on("drain", write);
  socket.on("data", () => undefined);
  socket.on("close", () => send(request));
}

/** Sends a byte a second. */
function dawdle(): void {
  const socket = connect(Number(port), "127.0.0.1");
  socket.on("error", () => undefined);
  socket.write(head(1_000_000));
  const timer = setInterval(() => socket.write("x"), 1_000);
  socket.on("close", () => {
    clearInterval(timer);
    dawdle();
  });
}

for (let count = 0; count < 40; count += 1) send(count % 2 === 0 ? large : small);
for (let count = 0; count < 300; count += 1) dawdle();
process.stdout.write("flooding\n");
