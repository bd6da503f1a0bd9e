import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { describe, it } from "node:test";
import { renewServingKeys, type ServingKeys } from "./webhook-certificates.ts";

const NAMES = ["agent-operator-webhook.agents.svc"];
const LIFETIMES = { servingMs: 90_000, authorityMs: 900_000 };
const START = Date.parse("2026-01-01T00:00:00Z");

const renewAt = (keys: ServingKeys | undefined, afterMs: number, names = NAMES) =>
  renewServingKeys(keys, names, START + afterMs, LIFETIMES);

function isSignedBy(certificate: string, authority: string | undefined): boolean {
  return new X509Certificate(certificate).verify(new X509Certificate(authority ?? "").publicKey);
}

describe("renewServingKeys", () => {
  it("makes an authority and a certificate for the names", async () => {
    const { keys, changed, dueInMs } = await renewAt(undefined, 0);
    assert.ok(changed);
    assert.equal(dueInMs, 60_000);
    assert.equal(keys.authorities.length, 1);
    assert.ok(isSignedBy(keys.certificate, keys.authorities[0]));
    const certificate = new X509Certificate(keys.certificate);
    assert.equal(certificate.checkHost(NAMES[0] ?? ""), NAMES[0]);
    assert.equal(certificate.ca, false);
    assert.equal(certificate.validToDate.getTime(), START + LIFETIMES.servingMs);
  });

  it("leaves alone what is good for long enough", async () => {
    const { keys } = await renewAt(undefined, 0);
    const later = await renewAt(keys, 59_000);
    assert.equal(later.keys, keys);
    assert.equal(later.changed, false);
    assert.equal(later.dueInMs, 1_000);
  });

  it("renews the certificate in the last third of its life, under the same authority", async () => {
    const { keys } = await renewAt(undefined, 0);
    const renewed = await renewAt(keys, 60_000);
    assert.ok(renewed.changed);
    assert.deepEqual(renewed.keys.authorities, keys.authorities);
    assert.notEqual(renewed.keys.certificate, keys.certificate);
    assert.ok(isSignedBy(renewed.keys.certificate, keys.authorities[0]));
    assert.equal(renewed.dueInMs, 60_000);
  });

  it("never signs with an authority that callers do not know yet", async () => {
    let { keys } = await renewAt(undefined, 0);
    const signers = new Set<string>();
    for (let afterMs = 0; afterMs <= 3 * LIFETIMES.authorityMs; afterMs += 20_000) {
      const known = keys.authorities;
      ({ keys } = await renewAt(keys, afterMs));
      const signer = known.find((authority) => isSignedBy(keys.certificate, authority));
      assert.ok(signer !== undefined, `after ${afterMs} ms`);
      assert.ok(new X509Certificate(signer).validToDate.getTime() > START + afterMs);
      signers.add(signer);
    }
    assert.equal(signers.size, 4);
  });

  const unusable: [string, (keys: ServingKeys) => ServingKeys, number, string[]][] = [
    ["expired", (keys) => keys, 90_000, NAMES],
    ["unreadable", (keys) => ({ ...keys, certificate: "nothing" }), 0, NAMES],
    ["without the authority's key", (keys) => ({ ...keys, authorityKey: "" }), 0, NAMES],
    ["signed by somebody else", (keys) => ({ ...keys, authorities: [] }), 0, NAMES],
    ["for other names", (keys) => keys, 0, ["elsewhere.example.com"]],
  ];
  for (const [name, change, afterMs, names] of unusable) {
    it(`replaces altogether what is ${name}`, async () => {
      const { keys } = await renewAt(undefined, 0);
      const replaced = await renewAt(change(keys), afterMs, names);
      assert.ok(replaced.changed);
      assert.equal(replaced.keys.authorities.length, 1);
      assert.notEqual(replaced.keys.authorities[0], keys.authorities[0]);
    });
  }
});
