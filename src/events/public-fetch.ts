import { lookup } from "node:dns";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { Readable } from "node:stream";

/** Addresses of this machine and its link, which no forge has. */
function localAddresses(): BlockList {
  const list = new BlockList();
  for (const [net, bits] of [
    ["0.0.0.0", 8],
    ["127.0.0.0", 8],
    ["169.254.0.0", 16],
  ] as const)
    list.addSubnet(net, bits, "ipv4");
  list.addAddress("::", "ipv6");
  list.addAddress("::1", "ipv6");
  list.addSubnet("fe80::", 10, "ipv6");
  return list;
}

/**
 * `fetch` for URLs that users name: never to this machine, its link or one of the `refused` addresses (the API server's),
 * whatever name leads there. Of `fetch` it knows what the forges' clients use: method, headers, a text as the body, signal.
 */
export function createPublicFetch(refused: readonly string[]): typeof fetch {
  const blocked = localAddresses();
  for (const address of refused)
    if (isIP(address) !== 0) blocked.addAddress(address, isIP(address) === 6 ? "ipv6" : "ipv4");
  const isBlocked = (address: string): boolean => {
    const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
    return blocked.check(mapped, isIP(mapped) === 6 ? "ipv6" : "ipv4");
  };
  const guardedLookup: LookupFunction = (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, []);
      const bad = found.find(({ address }) => isBlocked(address));
      if (bad) return callback(refusal(hostname), []);
      if (options.all) return callback(null, found);
      const [first] = found;
      return first ? callback(null, first.address, first.family) : callback(refusal(hostname), []);
    });
  };
  return async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const host = url.hostname.replace(/^\[|\]$/g, "");
    if (isIP(host) !== 0 && isBlocked(host)) throw refusal(host);
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    const send = url.protocol === "http:" ? httpRequest : httpsRequest;
    const sent = send(
      url,
      {
        method: init.method ?? "GET",
        headers: Object.fromEntries(new Headers(init.headers)),
        lookup: guardedLookup,
        ...(init.signal && { signal: init.signal }),
      },
      (answer) => {
        const headers = new Headers();
        for (const [name, value] of Object.entries(answer.headers))
          for (const each of Array.isArray(value) ? value : [value ?? ""]) headers.append(name, each);
        const status = answer.statusCode ?? 502;
        const isBodyless = status === 204 || status === 205 || status === 304;
        if (isBodyless) answer.resume();
        const body = isBodyless ? null : (Readable.toWeb(answer) as ReadableStream<Uint8Array>);
        resolve(new Response(body, { status, headers, statusText: answer.statusMessage ?? "" }));
      },
    );
    sent.once("error", reject);
    sent.end(typeof init.body === "string" ? init.body : undefined);
    return promise;
  };
}

/** Why a URL is not asked. */
export class LocalAddressError extends Error {}

function refusal(host: string): Error {
  return new LocalAddressError(
    `${host} is an address of this machine or of the API server; --allow-local-urls allows it`,
  );
}
