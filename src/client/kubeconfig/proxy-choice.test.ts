import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseProxy } from "./proxy-choice.ts";

const HTTPS_PROXY = "http://proxy:3128";

/** What NO_PROXY says, the server, and whether the proxy is used; as golang.org/x/net/http/httpproxy has it. */
const EXEMPT: [noProxy: string, server: string, used: boolean][] = [
  ["", "https://api.example.com", true],
  ["*", "https://api.example.com", false],
  ["example.com", "https://api.example.com", false],
  ["example.com", "https://example.com", false],
  ["example.com", "https://badexample.com", true],
  [".example.com", "https://example.com", true],
  [".example.com", "https://api.example.com", false],
  ["*.example.com", "https://api.example.com", false],
  ["EXAMPLE.com ", "https://Api.example.com", false],
  ["a, ,example.com", "https://api.example.com", false],
  ["example.com:6443", "https://api.example.com:6443", false],
  ["example.com:6443", "https://api.example.com", true],
  ["example.com:443", "https://api.example.com", false],
  [":443", "https://api.example.com", true],
  ["10.0.0.0/8", "https://10.1.2.3:6443", false],
  ["10.0.0.0/8", "https://11.1.2.3:6443", true],
  ["10.0.0.0/8", "https://ten.example.com", true],
  ["10.0.0.0/99", "https://10.1.2.3", true],
  ["10.1.2.3", "https://10.1.2.3", false],
  ["10.1.2.3:443", "https://10.1.2.3", false],
  ["10.1.2.3:80", "https://10.1.2.3", true],
  ["fd00::/8", "https://[fd12::1]:6443", false],
  ["fd12::1", "https://[fd12:0::1]", false],
  ["[fd12::1]:443", "https://[fd12::1]", false],
  ["", "https://localhost:6443", false],
  ["", "https://127.8.0.1:6443", false],
  ["", "https://[::1]:6443", false],
];

for (const [noProxy, server, used] of EXEMPT) {
  test(`${used ? "uses" : "leaves out"} the proxy for ${server} with NO_PROXY=${noProxy}`, () => {
    const proxy = chooseProxy(new URL(server), undefined, { HTTPS_PROXY, NO_PROXY: noProxy });
    assert.equal(proxy?.href, used ? `${HTTPS_PROXY}/` : undefined);
  });
}

test("the kubeconfig's proxy wins, whatever the environment says", () => {
  const environment = { HTTPS_PROXY, NO_PROXY: "*" };
  assert.equal(chooseProxy(new URL("https://127.0.0.1"), "socks5://a:1", environment)?.host, "a:1");
});

test("the protocol decides which variable counts; small letters do too, and a bare host is one of HTTP", () => {
  const environment = { http_proxy: "plain:1", https_proxy: "tls:2", HTTP_PROXY: "" };
  assert.equal(chooseProxy(new URL("http://a"), undefined, environment)?.href, "http://plain:1/");
  assert.equal(chooseProxy(new URL("https://a"), undefined, environment)?.href, "http://tls:2/");
});

test("an address that is none is refused without being shown", () => {
  for (const [named, wanted] of [
    ["http://", /^proxy-url is no URL of a proxy$/],
    ["hunter2@host", /^proxy-url is no URL of a proxy$/],
    ["ftp://hunter2@host", /^proxy-url begins with ftp:\/\/; a proxy is http, https or socks5$/],
  ] as const)
    assert.throws(
      () => chooseProxy(new URL("https://a"), named, {}),
      (error: Error) => wanted.test(error.message),
    );
});
