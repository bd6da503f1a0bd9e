import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { connect as connectPlain, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { connect as connectTls } from "node:tls";
import { after, before, describe, it } from "node:test";
import { createLog } from "../runtime/log.ts";
import { renewServingKeys } from "./webhook-certificates.ts";
import { listenWebhooks, type WebhookServer } from "./webhook-server.ts";

const HOST = "webhook.agents.svc";
const CROWD = 300;
const CONNECTIONS_AT_MOST = 256;
const BODY = JSON.stringify({
  apiVersion: "admission.k8s.io/v1",
  request: { uid: "7", kind: { group: "example.com", kind: "Thing" }, operation: "CREATE", object: {} },
});
const itself = (socket: Socket): Socket => socket;
const HALF_A_REQUEST = "POST /validate HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{";

describe("the webhook server in a crowd", { timeout: 60_000 }, () => {
  let server: WebhookServer;
  let ca: string;
  const crowd: Socket[] = [];

  before(async () => {
    const log = createLog({ level: "info", write: () => undefined });
    server = await listenWebhooks({ host: "127.0.0.1", port: 0 }, () => [], log);
    const { keys } = await renewServingKeys(undefined, [HOST], Date.now());
    ca = keys.authorities.join("");
    server.useCertificate({ cert: keys.certificate, key: keys.key });
  });
  after(async () => {
    for (const socket of crowd) socket.destroy();
    await server.close();
  });

  /** Opens connections one after the other, each of which has begun as `begin` does. */
  async function gather(
    localAddress: string,
    begin: (socket: Socket) => Socket,
    size = CROWD,
  ): Promise<Socket[]> {
    const to = { host: "127.0.0.1", port: server.port, localAddress };
    const opened: Socket[] = [];
    for (let count = 0; count < size; count += 1) {
      const socket = connectPlain(to);
      socket.on("error", () => undefined);
      crowd.push(socket);
      await once(socket, "connect");
      opened.push(begin(socket));
    }
    return opened;
  }

  function startTls(socket: Socket, say?: string): Socket {
    const secure = connectTls({ socket, servername: HOST, ca });
    secure.on("error", () => undefined);
    if (say !== undefined) secure.write(say);
    return secure;
  }

  async function review(localAddress: string): Promise<number> {
    const headers = { "content-length": BODY.length };
    const path = `https://127.0.0.1:${server.port}/validate`;
    const options = { method: "POST", headers, ca, servername: HOST, agent: false, localAddress };
    const asking = request(path, { ...options, timeout: 5_000 });
    asking.end(BODY);
    const [response] = (await once(asking, "response")) as [IncomingMessage];
    assert.match(await text(response), /"allowed":true/);
    return response.statusCode ?? 0;
  }

  async function untilClosed(socket: Socket): Promise<void> {
    if (!socket.closed) await once(socket.resume(), "close", { signal: AbortSignal.timeout(15_000) });
  }

  const crowds: [what: string, address: string, begin: (socket: Socket) => Socket][] = [
    ["connections of its own address that say nothing", "127.0.0.1", itself],
    ["connections of another address that say nothing", "127.0.0.2", itself],
    ["half-sent requests of another address", "127.0.0.2", (socket) => startTls(socket, HALF_A_REQUEST)],
  ];
  for (const [what, address, begin] of crowds) {
    it(`answers beside ${CROWD} ${what}, of which it keeps some`, async () => {
      const opened = await gather(address, begin);
      assert.equal(await review("127.0.0.1"), 200);
      const oldest = opened.slice(0, CROWD - CONNECTIONS_AT_MOST);
      await Promise.all(oldest.map(untilClosed));
      for (const socket of opened) socket.destroy();
    });
  }

  it("ends by itself what says nothing, and what says half", async () => {
    const opened = [
      ...(await gather("127.0.0.2", itself, 20)),
      ...(await gather("127.0.0.3", (socket) => startTls(socket, HALF_A_REQUEST), 20)),
      ...(await gather("127.0.0.4", (socket) => startTls(socket), 20)),
    ];
    await Promise.all(opened.map(untilClosed));
  });
});
