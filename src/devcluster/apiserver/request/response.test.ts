import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { versionTooLarge } from "../answers/status-error.ts";
import { PLAIN_JSON } from "./accept.ts";
import { formResponse, statusResponse, warningHeader, writtenResponse } from "./response.ts";

describe("responses", () => {
  it("say when to come again", () => {
    const { status, headers } = statusResponse(versionTooLarge(8, 7));
    assert.equal(status, 504);
    assert.equal(headers["retry-after"], "1");
  });

  it("warn of each thing once, in characters that a header may have", () => {
    assert.equal(warningHeader(['a "b"', 'a "b"', "é\\"]), '299 - "a \\"b\\"", 299 - "?\\\\"');
  });

  it("take the form that was asked for", () => {
    const json = '{"kind":"Pod","metadata":{"name":"p"},"spec":{}}';
    assert.equal(formResponse(200, json, { ...PLAIN_JSON, yaml: true }).body.split("\n")[0], "kind: Pod");
    const metadata = { form: "metadata", version: "meta.k8s.io/v1", yaml: false } as const;
    assert.deepEqual(JSON.parse(writtenResponse(201, json, metadata).body), {
      kind: "PartialObjectMetadata",
      apiVersion: "meta.k8s.io/v1",
      metadata: { name: "p" },
    });
  });
});
