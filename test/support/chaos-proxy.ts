import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";

/** A relay of TCP connections from a port on loopback, which a test can break. */
export interface ChaosProxy {
  port: number;
  /** Breaks every connection that is open, in the middle of whatever it carries. */
  cutAll(): void;
  /** While true, bytes are accepted and go nowhere: a half-open connection. */
  hold(silent: boolean): void;
  /** While true, new connections are broken at once. */
  refuse(refusing: boolean): void;
  connections(): number;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Relays to the host and port of `server`, a URL. */
export async function startChaosProxy(server: string): Promise<ChaosProxy> {
  const pairs = new Set<[Socket, Socket]>();
  const state = { silent: false, refusing: false, accepted: 0 };
  const target = new URL(server);
  const relay = createServer({ noDelay: true }, (inner) => {
    state.accepted += 1;
    if (state.refusing) {
      inner.resetAndDestroy();
      return;
    }
    const outer = connect({ port: Number(target.port || 443), host: target.hostname, noDelay: true });
    const pair: [Socket, Socket] = [inner, outer];
    pairs.add(pair);
    for (const [from, to] of [pair, pair.toReversed() as [Socket, Socket]]) {
      from.on("data", (bytes) => void (state.silent || to.write(bytes)));
      from.on("error", () => to.destroy());
      from.on("close", () => {
        to.destroy();
        pairs.delete(pair);
      });
    }
  });
  relay.listen(0, "127.0.0.1");
  await once(relay, "listening");
  const cutAll = (): void => {
    for (const [inner, outer] of pairs) {
      inner.resetAndDestroy();
      outer.resetAndDestroy();
    }
  };
  return {
    port: (relay.address() as AddressInfo).port,
    cutAll,
    hold: (silent) => void (state.silent = silent),
    refuse: (refusing) => void (state.refusing = refusing),
    connections: () => state.accepted,
    [Symbol.asyncDispose]: async () => {
      cutAll();
      relay.close();
      if (relay.listening) await once(relay, "close");
    },
  };
}
