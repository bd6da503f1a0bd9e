import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { KEY_HEADER, TOKEN } from "./headers.ts";

/** How long the code in the printed address can be used. */
const CODE_LIFE_MS = 600_000;
const SECRET_BYTES = 32;
const BEARER = new RegExp(`^Bearer ${TOKEN}$`);
/** As the page is reached through `kubectl port-forward`, whose port the user chooses. */
const LOOPBACK = /^(?:127\.0\.0\.1|localhost|\[::1\]):[1-9][0-9]{0,4}$/;

/** Decides who may ask the console for anything. */
export interface Gate {
  /** How a user signs in: with the code of the printed address, or with a token for the API server. */
  readonly by: "code" | "token";
  /** What a user who is not signed in has to do. */
  readonly remedy: string;
  /** Why nobody may send this request here, whoever it is; undefined if it may be read on. */
  refusal(request: IncomingMessage): string | undefined;
  /** Headers for the API server by which it knows the user; undefined: the request is of nobody who is signed in. */
  credentialOf(request: IncomingMessage): Readonly<Record<string, string>> | undefined;
}

/** For one browser of the user whose kubeconfig is behind the console. */
export interface CodeGate extends Gate {
  /** Of the address that is printed, for one use. */
  readonly code: string;
  /** Takes the code: what the browser keeps from now on. Undefined if it is wrong, used or too old. */
  signIn(code: string): { cookie: string; key: string } | undefined;
}

/** `port` is where the server listens: it is in the name of the cookie, since browsers share cookies among ports. */
export function createCodeGate(port: number, now: () => number): CodeGate {
  const code = secret();
  const cookieName = `agent-operator-console-${port}`;
  const hosts: ReadonlySet<string> = new Set([`127.0.0.1:${port}`, `localhost:${port}`]);
  const began = now();
  let isUsed = false;
  let session: { cookie: string; key: string } | undefined;
  return {
    by: "code",
    remedy: "open the address that `agent-operator console` has printed",
    code,
    refusal: (request) => foreign(request, (host) => (hosts.has(host) ? `http://${host}` : undefined)),
    credentialOf(request) {
      const key = request.headers[KEY_HEADER];
      const cookie = cookieIn(request.headers.cookie ?? "", cookieName);
      if (session === undefined || typeof key !== "string" || cookie === undefined) return undefined;
      // The transport has the credential of the kubeconfig.
      return isEqual(cookie, session.cookie) && isEqual(key, session.key) ? {} : undefined;
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

/**
 * For everybody who brings their own token, with each request, or whose proxy adds it. `origins` are those under which a
 * proxy serves the console, such as `https://console.example.com`; loopback needs none.
 */
export function createTokenGate(origins: readonly string[]): Gate {
  const byHost = new Map(origins.map((origin) => [new URL(origin).host, origin]));
  return {
    by: "token",
    remedy: "paste a token for the API server",
    refusal: (request) =>
      foreign(request, (host) => byHost.get(host) ?? (LOOPBACK.test(host) ? `http://${host}` : undefined)),
    credentialOf({ headers }) {
      // A proxy adds the token to whatever its cookie came with: that the page has sent it is this header's to show.
      if (headers[KEY_HEADER] === undefined || !BEARER.test(headers.authorization ?? "")) return undefined;
      return { authorization: headers.authorization ?? "" };
    },
  };
}

/** Why the request is not of the console's own page, which is served under `originOf` of the Host header. */
function foreign(
  { method, headers }: IncomingMessage,
  originOf: (host: string) => string | undefined,
): string | undefined {
  const own = originOf(headers.host ?? "");
  // A name that an attacker lets resolve to this server is another one in this header.
  if (own === undefined) return "this is not an address of the console";
  const site = headers["sec-fetch-site"];
  const isPage = method === "GET" && headers["sec-fetch-mode"] === "navigate";
  if (site !== undefined && site !== "same-origin" && !isPage) return "another page sent this request";
  const { origin } = headers;
  const isChange = method !== "GET" && method !== "HEAD";
  if ((isChange || origin !== undefined) && origin !== own) return "another page sent this request";
  return undefined;
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
