import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { builtinTypes } from "../kinds/builtin-resources.ts";
import { StatusError } from "../answers/status-error.ts";
import { decodeProtobuf } from "./protobuf.ts";

/** `kubectl create secret generic s --from-literal=a=b`, as kubectl 1.32 sent it. */
const SECRET = "azhzAAoMCgJ2MRIGU2VjcmV0Eh0KEQoBcxIAGgAiACoAMgA4AEIAEgYKAWESAWIaABoAIgA=";

describe("decodeProtobuf", () => {
  it("reads what kubectl sends", () => {
    assert.deepEqual(JSON.parse(decodeProtobuf(builtinTypes(), Buffer.from(SECRET, "base64"))), {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "s" },
      data: { a: "Yg==" },
    });
  });

  const refused: [string, Buffer, RegExp][] = [
    ["another form", Buffer.from('{"kind":"Secret"}'), /does not start as Kubernetes' protobuf form does/],
    [
      "a kind that is not known",
      envelope("Gadget", Buffer.alloc(0)),
      /kind Gadget are read as application\/json/,
    ],
    [
      "a field that is not known",
      envelope("Secret", Buffer.from([0x7a, 0x00])),
      /field 15 of Secret is not known/,
    ],
    ["a body that breaks off", envelope("Secret", Buffer.from([0x0a, 0x40, 0x00])), /no valid protobuf/],
    ["a number that does not end", envelope("Secret", Buffer.alloc(20, 0xff)), /no valid protobuf/],
    ["a number for a text", envelope("Secret", Buffer.from([0x18, 0x01])), /no valid protobuf/],
  ];
  for (const [what, body, message] of refused) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => decodeProtobuf(builtinTypes(), body),
        (error) => {
          assert.ok(error instanceof StatusError);
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }
});

function envelope(kind: string, raw: Buffer): Buffer {
  const field = (number: number, content: Buffer): Buffer =>
    Buffer.concat([Buffer.from([(number << 3) | 2, content.length]), content]);
  const typeMeta = Buffer.concat([field(1, Buffer.from("v1")), field(2, Buffer.from(kind))]);
  return Buffer.concat([Buffer.from("k8s\0"), field(1, typeMeta), field(2, raw)]);
}
