import { createServer } from "node:http";
import type { ServerResponse } from "node:http";
import type { AddressInfo, Server } from "node:net";
import { limitConnections } from "./connection-limit.ts";

/** What is wrong, in words; undefined when all is well. */
export type HealthCheck = () => string | undefined | Promise<string | undefined>;

export interface BindAddress {
  /** Undefined: every interface. */
  host: string | undefined;
  port: number;
}

/**
 * `:8081`, `0.0.0.0:8081` or `[::1]:8081` as an address to listen on; `0` and the empty string mean
 * that nothing listens (undefined). Throws an Error that says what is expected.
 */
export function parseBindAddress(text: string): BindAddress | undefined {
  if (text === "0" || text === "") return undefined;
  const match = /^(?:\[(?<six>[0-9a-fA-F:.]+)\]|(?<host>[^:[\]\s]*)):(?<port>\d{1,5})$/.exec(text);
  const port = Number(match?.groups?.["port"]);
  if (match === null || port > 65_535)
    throw new Error(`"${text}" is no address to bind; use HOST:PORT, :PORT, or 0 for none`);
  const host = match.groups?.["six"] ?? match.groups?.["host"] ?? "";
  return { host: host === "" ? undefined : host, port };
}

/** A page of a listener: what it answers to GET. */
export type Page = (query: URLSearchParams) => Promise<{ status: number; contentType: string; body: string }>;

/** Probes and a scraper or two; one that keeps many open must not keep these out. */
const MAX_CONNECTIONS = 128;

export interface Listener {
  /** The port in use, which matters if 0 asked for any free one. */
  port: number;
  close(): Promise<void>;
}

/** Serves pages by path over plain HTTP. Rejects, naming the address, if it cannot listen. */
export async function listenPages(
  address: BindAddress,
  pages: Readonly<Record<string, Page>>,
): Promise<Listener> {
  const server = createServer((request, response) => {
    const url = URL.parse(request.url ?? "/", "http://localhost");
    const page =
      url === null ? undefined : Object.entries(pages).find(([path]) => path === url.pathname)?.[1];
    if (request.method !== "GET" && request.method !== "HEAD")
      end(response, 405, "only GET is served here\n");
    else if (page === undefined) end(response, 404, `not found; there is ${Object.keys(pages).join(", ")}\n`);
    else void answer(response, page(url?.searchParams ?? new URLSearchParams()));
  });
  server.requestTimeout = 10_000;
  server.headersTimeout = 5_000;
  server.timeout = 30_000;
  limitConnections(server, MAX_CONNECTIONS);
  return {
    port: await listening(server, address),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/**
 * The health and metrics pages, by address; on one listener if both have the same. Rejects, naming the address, if it
 * is malformed or cannot be listened on.
 */
export async function listenHealthAndMetrics(
  addresses: { healthProbeBindAddress: string; metricsBindAddress: string },
  readyChecks: Readonly<Record<string, HealthCheck>>,
  render: () => Promise<{ contentType: string; body: string }>,
): Promise<Map<string, Listener>> {
  const pages: [string, Record<string, Page>][] = [
    [addresses.healthProbeBindAddress, { "/healthz": healthPage({}), "/readyz": healthPage(readyChecks) }],
    [addresses.metricsBindAddress, { "/metrics": async () => ({ status: 200, ...(await render()) }) }],
  ];
  const byAddress = new Map<string, Record<string, Page>>();
  for (const [address, page] of pages) byAddress.set(address, { ...byAddress.get(address), ...page });
  const listeners = new Map<string, Listener>();
  for (const [text, served] of byAddress) {
    const address = parseBindAddress(text);
    if (address) listeners.set(text, await listenPages(address, served));
  }
  return listeners;
}

/** Lets the server listen and gives its port. Rejects, naming the address, if it cannot. */
export async function listening(server: Server, address: BindAddress): Promise<number> {
  const { host, port } = address;
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(host === undefined ? { port } : { host, port }, resolve);
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`cannot listen on ${host ?? ""}:${port}: ${why}; choose another bind address`, {
      cause: error,
    });
  }
  return (server.address() as AddressInfo).port;
}

async function answer(response: ServerResponse, page: ReturnType<Page>): Promise<void> {
  try {
    const { status, contentType, body } = await page;
    end(response, status, body, contentType);
  } catch (error) {
    end(response, 500, `${error instanceof Error ? error.message : String(error)}\n`);
  }
}

function end(
  response: ServerResponse,
  status: number,
  body: string,
  contentType = "text/plain; charset=utf-8",
): void {
  response.writeHead(status, { "content-type": contentType, "x-content-type-options": "nosniff" });
  response.end(body);
}

/**
 * A page that runs named checks: 200 and `ok` when all are well, else 503 with each check's finding,
 * as Kubernetes' own components answer. `?verbose` lists them always, `?exclude=NAME` leaves one out.
 */
export function healthPage(checks: Readonly<Record<string, HealthCheck>>): Page {
  return async (query) => {
    const excluded = new Set(query.getAll("exclude"));
    const findings = await Promise.all(
      Object.entries(checks)
        .filter(([name]) => !excluded.has(name))
        .map(async ([name, check]) => ({ name, problem: await runCheck(check) })),
    );
    const well = findings.every(({ problem }) => problem === undefined);
    const lines = findings.map(({ name, problem }) =>
      problem === undefined ? `[+]${name} ok` : `[-]${name} failed: ${problem}`,
    );
    const body = well && !query.has("verbose") ? "ok" : `${lines.join("\n")}\n${well ? "ok" : "not ok"}\n`;
    return { status: well ? 200 : 503, contentType: "text/plain; charset=utf-8", body };
  };
}

async function runCheck(check: HealthCheck): Promise<string | undefined> {
  try {
    return await check();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
