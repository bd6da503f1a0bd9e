import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** A header that a page of another origin cannot send, with a key that no other port of this machine is sent. */
export const KEY_HEADER = "x-console-key";
/** How long the code in the printed address can be used. */
const CODE_LIFE_MS = 600_000;
const SECRET_BYTES = 32;

/** Decides who may ask the console for anything. */
export interface Gate {
  /** Of the address that is printed, for one use. */
  readonly code: string;
  /** Why nobody may send this request here, whoever it is; undefined if it may be read on. */
  refusal(request: IncomingMessage): string | undefined;
  /** Whether the request is of the browser that has used the code. */
  isSignedIn(request: IncomingMessage): boolean;
  /** Takes the code: what the browser keeps from now on. Undefined if it is wrong, used or too old. */
  signIn(code: string): { cookie: string; key: string } | undefined;
}

/** `port` is where the server listens: it is in the name of the cookie, since browsers share cookies among ports. */
export function createGate(port: number, now: () => number): Gate {
  const code = secret();
  const cookieName = `agent-operator-console-${port}`;
  const hosts: ReadonlySet<string> = new Set([`127.0.0.1:${port}`, `localhost:${port}`]);
  const began = now();
  let isUsed = false;
  let session: { cookie: string; key: string } | undefined;
  return {
    code,
    refusal(request) {
      const host = request.headers.host ?? "";
      // A name that an attacker lets resolve to this machine is another one in this header.
      if (!hosts.has(host)) return "this is not an address of the console";
      const site = request.headers["sec-fetch-site"];
      const isPage = request.method === "GET" && request.headers["sec-fetch-mode"] === "navigate";
      if (site !== undefined && site !== "same-origin" && !isPage) return "another page sent this request";
      const { origin } = request.headers;
      const isChange = request.method !== "GET" && request.method !== "HEAD";
      if ((isChange || origin !== undefined) && origin !== `http://${host}`)
        return "another page sent this request";
      return undefined;
    },
    isSignedIn(request) {
      const key = request.headers[KEY_HEADER];
      const cookie = cookieIn(request.headers.cookie ?? "", cookieName);
      if (session === undefined || typeof key !== "string" || cookie === undefined) return false;
      return isEqual(cookie, session.cookie) && isEqual(key, session.key);
    },
    signIn(given) {
      if (isUsed || now() - began > CODE_LIFE_MS || !isEqual(given, code)) return undefined;
      isUsed = true;
      session = { cookie: secret(), key: secret() };
      return {
        cookie: `${cookieName}=${session.cookie}; HttpOnly; SameSite=Strict; Path=/`,
        key: session.key,
      };
    },
  };
}

function secret(): string {
  return randomBytes(SECRET_BYTES).toString("base64url");
}

/** In a time that says nothing about where they differ. */
function isEqual(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function cookieIn(header: string, name: string): string | undefined {
  const start = `${name}=`;
  return header
    .split(/; */)
    .find((part) => part.startsWith(start))
    ?.slice(start.length);
}
