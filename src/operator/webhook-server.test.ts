import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { createLog } from "../runtime/log.ts";
import { renewServingKeys } from "./webhook-certificates.ts";
import { listenWebhooks, type WebhookServer } from "./webhook-server.ts";

const LARGE = 4 * 1024 * 1024;
const HOST = "webhook.agents.svc";
const review = (kind: string): string =>
  JSON.stringify({
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: { uid: "7", kind: { group: "example.com", kind }, operation: "CREATE", object: {} },
  });

describe("the webhook server", { timeout: 20_000 }, () => {
  const lines: string[] = [];
  let server: WebhookServer;
  let ca: string;

  before(async () => {
    const log = createLog({ level: "info", write: (line) => void lines.push(line) });
    const address = { host: "127.0.0.1", port: 0 };
    server = await listenWebhooks(address, warn, log);
    await assert.rejects(send("POST", "/validate", review("Thing")), "a connection without a certificate");
    const { keys } = await renewServingKeys(undefined, [HOST], Date.now());
    ca = keys.authorities.join("");
    server.useCertificate({ cert: keys.certificate, key: keys.key });
  });
  after(() => server.close());

  const cases: [name: string, method: string, path: string, body: string, status: number, answer: RegExp][] =
    [
      [
        "passes warnings on",
        "POST",
        "/validate?timeout=2s",
        review("Thing"),
        200,
        /"warnings":\["about Thing"\]/,
      ],
      [
        "allows what it has nothing to say of",
        "POST",
        "/validate",
        review("Quiet"),
        200,
        /"uid":"7","allowed":true\}/,
      ],
      [
        "allows what it fails to review",
        "POST",
        "/validate",
        review("Broken"),
        200,
        /"uid":"7","allowed":true\}/,
      ],
      ["wants JSON", "POST", "/validate", "{", 400, /AdmissionReview/],
      ["wants an AdmissionReview", "POST", "/validate", '{"apiVersion":"v1"}', 400, /AdmissionReview/],
      ["reads no more than 4 MiB", "POST", "/validate", " ".repeat(LARGE + 1), 413, /bytes/],
      ["serves POST only", "GET", "/validate", "", 405, /POST/],
      ["serves one path only", "POST", "/mutate", review("Thing"), 404, /\/validate/],
    ];
  for (const [name, method, path, body, status, answer] of cases) {
    it(name, async () => {
      const answered = await send(method, path, body);
      assert.equal(answered.status, status);
      assert.match(answered.body, answer);
    });
  }

  it("logs what it failed to review, and why", () => {
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? "", /"kind":"Broken".*cannot be/);
  });

  function warn({ kind }: { kind: { kind: string } }): string[] {
    if (kind.kind === "Broken") throw new Error("cannot be");
    return kind.kind === "Quiet" ? [] : [`about ${kind.kind}`];
  }

  async function send(method: string, path: string, body: string): Promise<{ status: number; body: string }> {
    const url = `https://127.0.0.1:${server.port}${path}`;
    const headers = { "content-length": body.length };
    const asking = request(url, { method, headers, ca, servername: HOST, agent: false, timeout: 5_000 });
    // What is too large is refused by its length, before any of it is sent.
    if (body.length > LARGE) asking.flushHeaders();
    else asking.end(body);
    const [response] = (await once(asking, "response")) as [IncomingMessage];
    asking.on("error", () => undefined);
    const answered = { status: response.statusCode ?? 0, body: await text(response) };
    asking.destroy();
    return answered;
  }
});
