import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { impersonated } from "./impersonation.ts";
import { administrator } from "./user.ts";

describe("impersonated", () => {
  it("is the user itself where nothing is asked", () => {
    assert.equal(impersonated(administrator, {}), administrator);
  });

  it("gives a ServiceAccount the groups that it has", () => {
    assert.deepEqual(impersonated(administrator, { "impersonate-user": "system:serviceaccount:a:b" }), {
      name: "system:serviceaccount:a:b",
      groups: ["system:serviceaccounts", "system:serviceaccounts:a", "system:authenticated"],
    });
  });

  it("takes groups as they are asked for", () => {
    const headers = { "impersonate-user": "jane", "impersonate-group": "one, two" };
    assert.deepEqual(impersonated(administrator, headers).groups, ["one", "two", "system:authenticated"]);
  });

  it("never makes an administrator of someone who is none", () => {
    const jane = { name: "jane", groups: ["system:authenticated"] };
    assert.throws(
      () => impersonated(jane, { "impersonate-user": "admin", "impersonate-group": "system:masters" }),
      /users "admin" is forbidden: User "jane" cannot impersonate resource "users"/,
    );
    assert.throws(
      () => impersonated(jane, { "impersonate-group": "system:masters" }),
      /without impersonating a user/,
    );
  });
});
